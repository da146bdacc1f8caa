import Core
import Crypto
import HTTPTypes
import Providers

extension WhatsAppEmulator {
    /// Where files are fetched; behind it comes the id.
    static let mediaPath = "whatsapp-media"

    // MARK: Media

    func upload(_ request: EmulatorRequest) throws(GraphError) -> EmulatorAnswer {
        let type = request.headers[.contentType] ?? ""
        guard request.mediaType == "multipart/form-data", let form = MultipartForm(request.body, contentType: type) else {
            throw GraphError(100, "The body is no multipart form")
        }
        guard form.text("messaging_product") == "whatsapp" else { throw GraphError(100, "messaging_product must be whatsapp") }
        guard let file = form["file"], !file.content.isEmpty else { throw GraphError(131_008, "file is missing") }
        guard let mediaType = form.text("type") ?? file.contentType, !mediaType.isEmpty else {
            throw GraphError(131_008, "type is missing")
        }
        guard let limit = Self.sizeLimit(of: mediaType) else { throw GraphError(131_053, "\(mediaType.prefix(60)) is not supported") }
        guard file.content.count <= limit else { throw GraphError(131_053, "the file is larger than \(limit) bytes") }
        let content = Array(file.content)
        let kept = MediaShelf.File(
            id: "\(UInt64.random(in: 1_000_000_000_000_000...9_999_999_999_999_999))", mediaType: mediaType, name: file.fileName,
            sha256: Self.hash(of: content), content: content)
        shelf.keep(kept)
        var json = JSONWriter(capacity: 64)
        json.object { $0.member("id", kept.id) }
        return .json(.ok, json.bytes)
    }

    private static func hash(of content: [UInt8]) -> String {
        var digits: [UInt8] = []
        for byte in SHA256.hash(data: content) {
            for nibble in [byte >> 4, byte & 0xF] { digits.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble) }
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// Nil for what WhatsApp does not carry.
    private static func sizeLimit(of mediaType: String) -> Int? {
        switch mediaType.lowercased().prefix(while: { $0 != ";" }) {
        case "image/jpeg", "image/png": 5 << 20
        case "image/webp": 500 << 10
        case let type where type.hasPrefix("audio/") || type.hasPrefix("video/"): 16 << 20
        case let type where type.hasPrefix("application/") || type == "text/plain": 100 << 20
        default: nil
        }
    }

    func describe(_ id: String, host: String) throws(GraphError) -> EmulatorAnswer {
        guard let file = shelf.file(id) else { throw Self.unknownObject(id) }
        var json = JSONWriter()
        json.object { json in
            json.member("url", "http://\(host)/\(Self.mediaPath)/\(id)")
            json.member("mime_type", file.mediaType)
            json.member("sha256", file.sha256)
            json.member("file_size", file.content.count)
            json.member("id", id)
            json.member("messaging_product", "whatsapp")
        }
        return .json(.ok, json.bytes)
    }

    /// The file itself; asks for the token as everything else does.
    func download(_ request: EmulatorRequest, _ id: String) -> EmulatorAnswer {
        guard isAuthorized(request.headers) else { return GraphError(190).answer }
        guard request.method == .get, let file = shelf.file(id) else { return Self.unknownObject(id).answer }
        return EmulatorAnswer(status: .ok, contentType: "application/octet-stream", body: file.content)
    }

    func delete(_ id: String) throws(GraphError) -> EmulatorAnswer {
        guard shelf.remove(id) else { throw Self.unknownObject(id) }
        return Self.success
    }

    // MARK: Account

    func listTemplates(_ request: EmulatorRequest) -> EmulatorAnswer {
        let limit = min(max(request.query("limit").flatMap(Int.init) ?? 25, 1), 500)
        let wanted = catalog.all.filter { template in
            (request.query("name").map { template.name.contains($0) } ?? true)
                && (request.query("status").map { template.status == $0 } ?? true)
                && (request.query("language").map { template.language == $0 } ?? true)
        }
        let start = request.query("after").flatMap { after in wanted.firstIndex { $0.id == after } }.map { $0 + 1 } ?? 0
        let page = wanted.dropFirst(start).prefix(limit)
        var json = JSONWriter(capacity: 4096)
        json.object { json in
            json.array("data") { json in
                for template in page { template.write(&json) }
            }
            guard let first = page.first, let last = page.last else { return }
            json.object("paging") { json in
                json.object("cursors") { json in
                    json.member("before", first.id)
                    json.member("after", last.id)
                }
                guard start + page.count < wanted.count else { return }
                let fields = request.query.filter { $0.name != "after" }.map { ($0.name, $0.value) } + [("after", last.id)]
                let query = String(decoding: FormEncoding.encode(fields), as: UTF8.self)
                json.member("next", "http://\(request.host)/\(request.path.joined(separator: "/"))?\(query)")
            }
        }
        return .json(.ok, json.bytes)
    }

    func number(_ id: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("verified_name", "Emulator")
            json.member("display_phone_number", account.displayPhoneNumber)
            json.member("quality_rating", "GREEN")
            json.member("code_verification_status", "VERIFIED")
            json.member("platform_type", "CLOUD_API")
            json.member("id", id)
        }
        return json.bytes
    }

    func listNumbers() -> EmulatorAnswer {
        var json = JSONWriter()
        json.object { json in
            json.array("data") { json in
                for id in account.phoneNumberIDs { json.raw(number(id)) }
            }
        }
        return .json(.ok, json.bytes)
    }

    func showBusiness() -> EmulatorAnswer {
        var json = JSONWriter()
        json.object { json in
            json.member("id", account.businessAccountID)
            json.member("name", "Emulator")
        }
        return .json(.ok, json.bytes)
    }
}
