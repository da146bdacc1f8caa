import Foundation
import Synchronization
import Testing

/// An aiosmtpd server in a process of its own. Every mail that it takes is parsed by Python's email package, which has to find
/// nothing wrong with it, and becomes one line of JSON.
final class MailServer: Sendable {
    struct Unavailable: Error, CustomStringConvertible { let description: String }

    let port: Int
    private let input: FileHandle
    private let lines: AsyncStream<String>

    /// - Parameter dropping: that many mails are taken and then not answered: the connection is cut instead.
    init(dropping: Int = 0) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.script, "\(dropping)"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let (stream, continuation) = AsyncStream<String>.makeStream()
        let handle = output.fileHandleForReading
        Thread.detachNewThread { Self.readLines(handle, continuation) }
        lines = stream
        self.input = input.fileHandleForWriting
        var first: String?
        for await line in stream {
            first = line
            break
        }
        guard let port = first.flatMap({ Int($0) }) else {
            throw Unavailable(description: "aiosmtpd is needed by this test: pip install aiosmtpd")
        }
        self.port = port
    }

    /// The next mail. To be called by one task.
    func mail() async throws -> [String: Any] {
        for await line in lines {
            return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        throw Unavailable(description: "the mail server has ended")
    }

    /// The server ends when its input does, also when this process dies.
    func stop() { try? input.close() }

    private static func readLines(_ handle: FileHandle, _ continuation: AsyncStream<String>.Continuation) {
        var buffer = Data()
        while true {
            let data = handle.availableData
            if data.isEmpty { break }
            buffer.append(data)
            while let end = buffer.firstIndex(of: 0x0A) {
                continuation.yield(String(decoding: buffer[buffer.startIndex..<end], as: UTF8.self))
                buffer = Data(buffer[(end + 1)...])
            }
        }
        continuation.finish()
    }

    private static let script = """
        import asyncio, base64, email, email.policy, json, sys
        from aiosmtpd.smtp import SMTP
        left = int(sys.argv[1])
        def describe(content, recipients):
            try:
                mail = email.message_from_bytes(content, policy=email.policy.SMTP.clone(raise_on_defect=True))
                parts = {}
                for part in mail.walk():
                    if part.is_multipart(): continue
                    name = part.get_filename()
                    body = part.get_content()
                    parts[name or part.get_content_type()] = body if isinstance(body, str) else body.decode('latin-1')
                sender = mail['From'].addresses[0]
                return {'to': recipients, 'message_id': mail['Message-ID'], 'subject': mail['Subject'],
                        'from_name': sender.display_name, 'from_address': sender.addr_spec,
                        'to_name': mail['To'].addresses[0].display_name, 'date': mail['Date'].datetime.isoformat(),
                        'type': mail.get_content_type(), 'auto': mail['Auto-Submitted'], 'bcc': mail['Bcc'], 'parts': parts,
                        'unsubscribe': mail['List-Unsubscribe'], 'unsubscribe_post': mail['List-Unsubscribe-Post'],
                        'raw': base64.b64encode(content).decode(),
                        'ids': len(mail.get_all('Message-ID')), 'subjects': len(mail.get_all('Subject'))}
            except Exception as error:
                return {'defect': repr(error)}
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                global left
                print(json.dumps(describe(envelope.original_content, envelope.rcpt_tos)), flush=True)
                if left > 0:
                    left -= 1
                    server.transport.abort()
                    await asyncio.sleep(3600)
                subject = email.message_from_bytes(envelope.original_content)['Subject']
                if subject.startswith('Unwanted'):
                    return '554 5.7.1 Mail to ' + envelope.rcpt_tos[0] + ' looks like spam: ' + subject
                return '250 2.0.0 Ok: queued as 4Wxyz123'
            async def handle_RCPT(self, server, session, envelope, address, options):
                if address.startswith('nobody'):
                    return '550 5.1.1 <' + address + '> No such mailbox'
                envelope.rcpt_tos.append(address)
                return '250 2.1.5 Ok'
        async def main():
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: SMTP(Handler(), hostname='mx.example'), '127.0.0.1', 0)
            print(server.sockets[0].getsockname()[1], flush=True)
            await loop.run_in_executor(None, sys.stdin.read)
        asyncio.run(main())
        """
}
