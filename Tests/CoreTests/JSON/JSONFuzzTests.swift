import TestSupport
import Testing

@testable import Core

@Suite("JSON under hostile input")
struct JSONFuzzTests {
    private static let seeds = [
        #"{"client_id":"client-123","send_at":null,"n":[1,-2.5e3,true,false],"s":"a\"\\\u00e9\ud83d\ude00é漢😀","o":{"k":{"k":[{}]}}}"#,
        #"[[[[{"a":"\u0000"}]]],"",0,-0,1e10,{"\u0061":"b"}]"#,
    ]

    @Test("mutated documents are refused or read completely, and never trap")
    func mutations() {
        var random = SeededGenerator(seed: 42)
        let pieces = Array("\"\\{}[]:,0-1.eEtfnu \n\u{0}".utf8) + [0x80, 0xC3, 0xED, 0xA0, 0xF4, 0xFF]
        var accepted = 0
        for round in 0..<20_000 {
            var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
            for _ in 0...random.next(below: 3) where !bytes.isEmpty {
                let index = random.next(below: bytes.count)
                switch random.next(below: 5) {
                case 0: bytes[index] = pieces[random.next(below: pieces.count)]
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(pieces[random.next(below: pieces.count)], at: index)
                case 3: bytes.removeSubrange(index...)
                default: bytes.insert(contentsOf: bytes[index...].prefix(random.next(below: 20)), at: index)
                }
            }
            do {
                let document = try JSONDocument(parsing: bytes)
                accepted += 1
                expectReadable(document.root)
                #expect(String(validating: document.bytes, as: UTF8.self) != nil)
            } catch {
                #expect((0...bytes.count).contains(error.offset))
                #expect(error.line >= 1 && error.column >= 1)
            }
        }
        #expect(accepted > 500, "mutation should leave some documents intact, or the reading side is not tested")
    }

    @Test("bytes drawn at random are refused or read, and never trap")
    func noise() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let bytes = (0..<random.next(below: 24)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if let document = try? JSONDocument(parsing: bytes) { expectReadable(document.root) }
        }
    }

    /// Reads everything there is and checks that the source text of every value is the value again.
    private func expectReadable(_ view: JSONView) {
        switch view.kind {
        case .array: for element in view.elements { expectReadable(element) }
        case .object:
            for (key, value) in view.members {
                #expect(view[key] != nil)
                expectReadable(value)
            }
        case .string: #expect(view.string != nil)
        case .number: #expect(view.int64 != nil || view.double != nil || view.rawBytes.contains { $0 | 0x20 == UInt8(ascii: "e") })
        case .bool: #expect(view.bool != nil)
        case .null: #expect(view.isNull)
        }
        #expect(refusalReason(Array(view.rawBytes)) == nil)
    }
}
