import Core
import Testing

@Suite("Reading CSV")
struct CSVReaderTests {
    private static func read(_ text: String, by size: Int = .max, longest: Int = 131_072) -> [String] {
        read(Array(text.utf8), by: size, longest: longest)
    }

    /// Each record as `line: field|field` or `line! problem`.
    private static func read(_ bytes: [UInt8], by size: Int = .max, longest: Int = 131_072) -> [String] {
        var reader = CSVReader(longestRecord: longest)
        var lines: [String] = []
        func take(_ record: CSVReader.Record) {
            switch record.result {
            case .success(let fields): lines.append("\(record.line): \(fields.joined(separator: "|"))")
            case .failure(let problem): lines.append("\(record.line)! \(problem)")
            }
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(size)
            Array(part).withUnsafeBytes { reader.feed($0, take) }
            rest = rest.dropFirst(part.count)
        }
        reader.finish(take)
        return lines
    }

    @Test(
        "records come out the same, whatever the pieces they arrive in",
        arguments: [
            ("a,b\n1,2\n", ["1: a|b", "2: 1|2"]),
            ("a,b\r\n1,2", ["1: a|b", "2: 1|2"]),
            ("\u{FEFF}a;b\n1;2,5\n", ["1: a|b", "2: 1|2,5"]),
            ("a\tb\n1\t\n", ["1: a|b", "2: 1|"]),
            ("a,b\n\"x,\"\"y\"\"\",\"line\nbreak\"\n3,4\n", ["1: a|b", "2: x,\"y\"|line\nbreak", "4: 3|4"]),
            ("a\n\n\r\n\"\"\nz\n", ["1: a", "4: ", "5: z"]),
            ("a,b\nx\"y,1\n2,3\n", ["1: a|b", "2! strayQuote", "3: 2|3"]),
            ("a,b\n\"x\"y,1\n", ["1: a|b", "2! strayQuote"]),
            ("a\n\"open\nfor ever", ["1: a", "2! openQuote"]),
            ("a\rb,c\n", ["1: a\rb|c"]),
            ("", []),
        ] as [(String, [String])])
    func records(text: String, expected: [String]) {
        for size in [1, 2, 3, 7, Int.max] { #expect(Self.read(text, by: size) == expected, "in pieces of \(size)") }
    }

    @Test("a record beyond the limit is reported and skipped, and what is no UTF-8 too")
    func bounds() {
        let long = String(repeating: "x", count: 200)
        #expect(Self.read("a\n\(long)\nb\n", by: 5, longest: 64) == ["1: a", "2! tooLong", "3: b"])
        #expect(Self.read(Array("a\n".utf8) + [0xFF, 0x0A] + Array("b\n".utf8)) == ["1: a", "2! notUTF8", "3: b"])
        // A flood of empty fields is no way round it.
        let commas = Self.read("a\n\(String(repeating: ",", count: 500))\nb", longest: 64)
        #expect(commas.count == 3 && commas.last == "3: b")
    }

    @Test("random bytes never trap and never take more than they are")
    func hostile() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("ab,;\t\"\"\"\n\r\u{0}ü".utf8)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...80, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            #expect(Self.read(bytes, by: 3) == Self.read(bytes))
        }
    }
}

@Suite("Imported clients")
struct ImportedClientTests {
    @Test("each pair of a known and an imported word about marketing has one outcome")
    func marketing() throws {
        for known in MarketingConsent.State.allCases {
            for told in MarketingConsent.State.allCases {
                for suppressed in [ChannelSet(), .email] {
                    var client = ImportedClient(id: try #require(ClientID("ada")))
                    client.stated.marketing[.email] = told
                    var stated = StatedPreferences()
                    stated.marketing[.email] = known
                    let (after, kept) = client.merged(into: stated, suppressed: suppressed)
                    let grants = told == .granted || told == .confirmed
                    if known == .refused || told == .refused {
                        #expect(after.marketing[.email] == .refused && kept == (known == .refused && grants))
                    } else if !grants {
                        #expect(after.marketing[.email] == known && !kept)
                    } else if known == .confirmed, told == .granted {
                        #expect(after.marketing[.email] == .confirmed)
                    } else {
                        #expect(after.marketing[.email] == (suppressed.isEmpty ? told : known) && kept == !suppressed.isEmpty)
                    }
                }
            }
        }
    }
}
