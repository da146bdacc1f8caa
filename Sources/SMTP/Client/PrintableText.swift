/// Text from outside, made fit for logs and records.
enum PrintableText {
    static let limit = 512

    /// At most 512 characters; everything but printable ASCII becomes `?`, line breaks become spaces.
    static func make(_ bytes: some Collection<UInt8>) -> String {
        let clean = bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        if clean { return String(decoding: bytes.prefix(limit), as: UTF8.self) }
        let mapped = bytes.prefix(limit).map { byte -> UInt8 in
            switch byte {
            case 0x20...0x7E: byte
            case 0x09, 0x0A, 0x0D: 0x20
            default: 0x3F
            }
        }
        return String(decoding: mapped, as: UTF8.self)
    }
}
