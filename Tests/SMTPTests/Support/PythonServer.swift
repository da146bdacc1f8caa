import NIOCore
import NIOPosix
import Testing

/// An aiosmtpd server; every mail it takes is a line of JSON.
final class PythonServer: Sendable {
    struct Options {
        /// `none`, `starttls` (required before AUTH) or `implicit`.
        var tls = "none"
        var certificate = ""
        var key = ""
        /// Refused when empty: no AUTH is offered.
        var user = ""
        var password = ""
        var excludedMechanisms: [String] = []
    }

    let port: Int
    private let child: ChildProcess

    init(_ options: Options = Options()) async throws {
        child = try ChildProcess(
            [
                "python3", "-c", Self.script, options.tls, options.certificate, options.key, options.user, options.password,
                options.excludedMechanisms.joined(separator: ","),
            ], install: "apt-get install python3", quiet: true)
        guard let line = await child.line(), let port = Int(line) else {
            throw ChildProcess.Failure(description: "aiosmtpd is needed by this test: pip install aiosmtpd")
        }
        self.port = port
    }

    /// The next mail as `sender recipient options base64(content)`.
    func mail() async throws -> [String] {
        let line = try #require(await child.line())
        return line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    }

    func stop() { child.stop() }

    private static let script = """
        import asyncio, base64, ssl, sys
        from aiosmtpd.smtp import SMTP, AuthResult
        tls, certificate, key, user, password, excluded = sys.argv[1:7]
        context = None
        if tls != 'none':
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                words = [envelope.mail_from or '<>', ','.join(envelope.rcpt_tos), ','.join(envelope.mail_options) or '-',
                         base64.b64encode(envelope.original_content).decode()]
                print(' '.join(words), flush=True)
                return '250 2.0.0 Ok: queued as 4Wxyz123'
            async def auth_XOAUTH2(self, server, args):
                text = base64.b64decode(args[1]).decode()
                if text == f'user={user}\\x01auth=Bearer {password}\\x01\\x01':
                    return AuthResult(success=True)
                answer = await server.challenge_auth('{"status":"401"}')
                await server.push('535 5.7.8 token refused' if answer == b'' else '501 5.5.2 an empty line was due')
                return AuthResult(success=False, handled=True)
            async def handle_RCPT(self, server, session, envelope, address, options):
                if address.startswith('nobody'):
                    return '550 5.1.1 No such mailbox'
                envelope.rcpt_tos.append(address)
                return '250 2.1.5 Ok'
        def authenticate(server, session, envelope, mechanism, data):
            ok = data.login.decode() == user and data.password.decode() == password
            return AuthResult(success=ok, handled=ok)
        def make():
            return SMTP(Handler(), enable_SMTPUTF8=True, hostname='mx.example',
                        tls_context=context if tls == 'starttls' else None, require_starttls=tls == 'starttls',
                        authenticator=authenticate if user else None, auth_required=bool(user),
                        auth_require_tls=tls == 'starttls', auth_exclude_mechanism=[e for e in excluded.split(',') if e])
        async def main():
            loop = asyncio.get_running_loop()
            server = await loop.create_server(make, '127.0.0.1', 0, ssl=context if tls == 'implicit' else None)
            print(server.sockets[0].getsockname()[1], flush=True)
            await loop.run_in_executor(None, sys.stdin.read)
        asyncio.run(main())
        """
}
