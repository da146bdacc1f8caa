import TestSupport
import Testing

@testable import Core

@Suite("JSON writer")
struct JSONWriterTests {
    @Test("structure gets its commas by itself")
    func structure() {
        var json = JSONWriter()
        json.object { json in
            json.member("id", "a")
            json.member("none", nil as String?)
            json.array("list") { json in
                json.value(1)
                json.value(Int64.min)
                json.object { _ in }
                json.array { json in json.value(true) }
            }
            json.object("empty") { _ in }
            json.member("tags", ["x", "y"])
            json.member("raw", raw: Array("{\"k\": 1}".utf8))
            json.member("ratio", 0.5)
            json.member("infinite", Double.infinity)
            json.member("yes", true)
            json.null("nothing")
            json.key(dynamic: "a\"b")
            json.value(Int64.max)
        }
        #expect(
            json.text
                == #"{"id":"a","none":null,"list":[1,-9223372036854775808,{},[true]],"empty":{},"tags":["x","y"],"raw":{"k": 1},"#
                + #""ratio":0.5,"infinite":null,"yes":true,"nothing":null,"a\"b":9223372036854775807}"#
        )
    }

    @Test("text is escaped exactly where it must be")
    func escapes() {
        var json = JSONWriter()
        json.value("\"\\/\n\r\t\u{0}\u{1F}\u{7F}é😀</script>")
        #expect(json.text == #""\"\\/\n\r\t\u0000\u001f"# + "\u{7F}é😀</script>\"")
    }

    @Test("writing can go on behind bytes that are there already")
    func appending() {
        var json = JSONWriter(appendingTo: Array("log ".utf8))
        json.array { json in json.value(0) }
        #expect(json.text == "log [0]")
    }

    @Test("whatever is written is read back unchanged")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            let value = randomValue(&random, depth: 0)
            var json = JSONWriter()
            write(value, &json)
            let document = try JSONDocument(parsing: json.bytes)
            #expect(read(document.root) == value)
        }
    }

    private indirect enum Value: Equatable {
        case null, bool(Bool), integer(Int64), double(Double), string(String), array([Value]), object([String], [Value])
    }

    private func randomValue(_ random: inout SeededGenerator, depth: Int) -> Value {
        switch random.next(below: depth > 4 ? 5 : 7) {
        case 0: return .null
        case 1: return .bool(random.next(below: 2) == 0)
        case 2: return .integer(Int64(bitPattern: random.next()))
        case 3: return .double(Double(Int32(truncatingIfNeeded: random.next())) / 256 + 0.001)
        case 4: return .string(randomString(&random))
        case 5: return .array((0..<random.next(below: 5)).map { _ in randomValue(&random, depth: depth + 1) })
        default:
            let count = random.next(below: 40)
            let keys = (0..<count).map { "\($0)" + randomString(&random) }
            return .object(keys, keys.map { _ in randomValue(&random, depth: depth + 3) })
        }
    }

    private func randomString(_ random: inout SeededGenerator) -> String {
        let alphabet: [Unicode.Scalar] = [
            "a", "b", " ", "\"", "\\", "/", "\n", "\u{0}", "\u{1F}", "\u{7F}", "é", "漢", "😀", "\u{FFFF}", "\u{2028}",
        ]
        var scalars = String.UnicodeScalarView()
        for _ in 0..<random.next(below: 30) { scalars.append(alphabet[random.next(below: alphabet.count)]) }
        return String(scalars)
    }

    private func write(_ value: Value, _ json: inout JSONWriter) {
        switch value {
        case .null: json.null()
        case .bool(let bool): json.value(bool)
        case .integer(let integer): json.value(integer)
        case .double(let double): json.value(double)
        case .string(let string): json.value(string)
        case .array(let values): json.array { json in for value in values { write(value, &json) } }
        case .object(let keys, let values):
            json.object { json in
                for (key, value) in zip(keys, values) {
                    json.key(dynamic: key)
                    write(value, &json)
                }
            }
        }
    }

    private func read(_ view: JSONView) -> Value? {
        switch view.kind {
        case .null: return .null
        case .bool: return view.bool.map(Value.bool)
        case .number: return view.int64.map(Value.integer) ?? view.double.map(Value.double)
        case .string: return view.string.map(Value.string)
        case .array: return .array(view.elements.compactMap(read))
        case .object: return .object(view.members.map(\.key), view.members.compactMap { read($0.value) })
        }
    }
}
