import Core
import SMTP
import TestSupport
import Testing

@testable import Communications

@Suite("Mail that comes back")
struct InboundMailSampleTests {
    @Test("delivery reports say whether the address is dead", arguments: MailSample.reports)
    func reports(sample: MailSample) {
        #expect(MailSample.read(sample.bytes, from: sample.sender) == sample.meaning)
    }

    @Test("plain bounces, complaints, automatic replies and letters are told apart", arguments: MailSample.others)
    func others(sample: MailSample) {
        #expect(MailSample.read(sample.bytes, from: sample.sender) == sample.meaning)
    }

    @Test("line ends without CR make no difference", arguments: MailSample.reports + MailSample.others)
    func bareLines(sample: MailSample) {
        #expect(MailSample.read(Array(sample.raw.utf8), from: sample.sender) == sample.meaning)
    }

    @Test("no byte changed, cut or repeated makes the reader fail")
    func mutations() {
        var random = SeededGenerator(seed: 7)
        for sample in MailSample.reports + MailSample.others {
            let bytes = sample.bytes
            for _ in 0..<60 {
                var changed = bytes
                for _ in 0...Int.random(in: 0...8, using: &random) {
                    guard !changed.isEmpty else { break }
                    let position = Int.random(in: 0..<changed.count, using: &random)
                    switch Int.random(in: 0...4, using: &random) {
                    case 0: changed[position] = UInt8.random(in: 0...255, using: &random)
                    case 1: changed.removeSubrange(position..<min(changed.count, position + Int.random(in: 1...200, using: &random)))
                    case 2: changed.insert(contentsOf: bytes.prefix(Int.random(in: 0...300, using: &random)), at: position)
                    case 3: changed = Array(changed.prefix(position))
                    default:
                        changed.insert(UInt8([0x0D, 0x0A, 0x2D, 0x3A, 0x22, 0x3D, 0x28].randomElement(using: &random) ?? 0), at: position)
                    }
                }
                _ = MailSample.read(changed, from: sample.sender)
            }
        }
    }

    @Test("words are kept without addresses")
    func words() {
        let clean = MailWords.clean(
            "550 5.1.1 <ada.lovelace@example.net>: user ada.lovelace unknown\u{0}; mailto:x@y.z\r\nsee https://e.org/?u=a@b.c",
            without: ["Ada.Lovelace@example.net"])
        #expect(!clean.contains("@") && !clean.contains("lovelace") && !clean.contains("\u{0}"))
        #expect(clean.hasPrefix("550 5.1.1 <(address)>: user (address) unknown"))
        #expect(MailWords.clean(String(repeating: "a", count: 5_000)).utf8.count <= 400)
        #expect(!MailWords.clean(String(repeating: " ", count: 395) + "ada@example.net").contains("ada"))
    }
}
