import HTTPTypes
import Hummingbird
import NIOCore

/// All that the emulators serve, by path.
struct EmulatorResponder: HTTPResponder {
    let twilio: TwilioEmulator
    let whatsApp: WhatsAppEmulator
    let oidc: OIDCEmulator
    let control: ControlAPI
    let pages: EmulatorPages

    /// Every body but files: 1 MiB.
    private static let bodyLimit = 1 << 20
    /// A document may have 100 MiB, and its form some more.
    private static let uploadLimit = 101 << 20
    /// An answer that never comes is not waited for longer than this.
    private static let patience = TimeAmount.minutes(10)

    func respond(to request: Request, context: EmulatorContext) async throws -> Response {
        guard
            var read = EmulatorRequest(
                method: request.method, path: request.uri.path, query: request.uri.query, headers: request.headers,
                host: request.head.authority ?? "")
        else { return response(.text(.badRequest, "The query is not percent-encoded UTF-8\n"), context) }
        let limit = isUpload(read) ? Self.uploadLimit : Self.bodyLimit
        if let announced = read.headers[.contentLength].flatMap({ Int($0) }), announced > limit { return response(Self.tooLarge, context) }
        for try await buffer in request.body {
            guard read.body.count + buffer.readableBytes <= limit else { return response(Self.tooLarge, context) }
            read.body.append(contentsOf: buffer.readableBytesView)
        }
        let answer = await answer(read)
        switch answer.ending {
        case .whole: return response(answer, context)
        case .incomplete: return incomplete(answer, context)
        case .cut: break
        case .hang: await waitForEnd(of: context.channel)
        }
        try? await context.channel.close()
        answer.afterwards?()
        throw ConnectionEnded()
    }

    private func answer(_ request: EmulatorRequest) async -> EmulatorAnswer {
        let path = request.path
        let first = path.first ?? ""
        switch first {
        case "2010-04-01": return await twilio.answer(request, path: Array(path.dropFirst()))
        case OIDCEmulator.path: return oidc.answer(request, path: Array(path.dropFirst()))
        case "_emulator": return await control.answer(request, path: Array(path.dropFirst()))
        case WhatsAppEmulator.mediaPath: return whatsApp.download(request, path.count == 2 ? path[1] : "")
        default: break
        }
        if Self.isVersion(first) { return await whatsApp.answer(request, path: Array(path.dropFirst())) }
        if !first.isEmpty, first.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return await whatsApp.answer(request, path: path) }
        return await pages.answer(request)
    }

    private func isUpload(_ request: EmulatorRequest) -> Bool {
        request.method == .post && request.path.last == "media" && whatsApp.isAuthorized(request.headers)
    }

    /// `v25.0`
    private static func isVersion(_ text: String) -> Bool {
        text.first == "v" && text.utf8.count >= 2
            && text.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    }

    private static let tooLarge = EmulatorAnswer.text(.contentTooLarge, "The body is too large\n")

    private struct ConnectionEnded: Error {}

    private func response(_ answer: EmulatorAnswer, _ context: EmulatorContext) -> Response {
        let buffer = ByteBuffer(bytes: answer.body)
        guard let afterwards = answer.afterwards else {
            return Response(status: answer.status, headers: fields(of: answer), body: ResponseBody(byteBuffer: buffer))
        }
        let body = ResponseBody(contentLength: buffer.readableBytes) { writer in
            // Also where the client has gone: the message was taken.
            defer { afterwards() }
            try await writer.write(buffer)
            try await writer.finish(nil)
        }
        return Response(status: answer.status, headers: fields(of: answer), body: body)
    }

    /// Announces the whole body, sends half of it and ends the connection.
    private func incomplete(_ answer: EmulatorAnswer, _ context: EmulatorContext) -> Response {
        let half = ByteBuffer(bytes: answer.body.prefix(answer.body.count / 2))
        let channel = context.channel
        let body = ResponseBody(contentLength: answer.body.count) { writer in
            defer { answer.afterwards?() }
            try await writer.write(half)
            try? await channel.close()
            throw ConnectionEnded()
        }
        return Response(status: answer.status, headers: fields(of: answer), body: body)
    }

    private func fields(of answer: EmulatorAnswer) -> HTTPFields {
        var fields = answer.headers
        if let contentType = answer.contentType { fields[.contentType] = contentType }
        return fields
    }

    private func waitForEnd(of channel: any Channel) async {
        let timer = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
        timer.cancel()
    }
}
