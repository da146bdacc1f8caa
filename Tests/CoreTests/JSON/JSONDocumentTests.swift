import Testing

@testable import Core

@Suite("JSON documents")
struct JSONDocumentTests {
    @Test(
        "what RFC 8259 does not allow is refused with its reason",
        arguments: [
            ("", .empty), (" \n\t", .empty), ("\u{FEFF}{}", .byteOrderMark),
            ("{", .unexpectedEnd), ("[1,", .unexpectedEnd), ("{\"a\"", .unexpectedEnd), ("{\"a\":", .unexpectedEnd),
            ("-", .unexpectedEnd),
            ("1.", .unexpectedEnd), ("1e", .unexpectedEnd), ("1e+", .unexpectedEnd),
            ("}", .unexpectedCharacter), ("[,1]", .unexpectedCharacter), ("[1,]", .unexpectedCharacter), ("NaN", .unexpectedCharacter),
            ("Infinity", .unexpectedCharacter), ("+1", .unexpectedCharacter), (".5", .unexpectedCharacter), ("'a'", .unexpectedCharacter),
            ("/* */1", .unexpectedCharacter), ("\u{0}", .unexpectedCharacter),
            ("{a:1}", .expectedKey), ("{\"a\":1,}", .expectedKey), ("{1:2}", .expectedKey), ("{,}", .expectedKey),
            ("{\"a\" 1}", .expectedColon), ("{\"a\"}", .expectedColon),
            ("[1 2]", .expectedCommaOrEnd), ("[1}", .expectedCommaOrEnd), ("{\"a\":1]", .expectedCommaOrEnd),
            ("tru", .invalidLiteral), ("True", .unexpectedCharacter), ("nul", .invalidLiteral), ("nulk", .invalidLiteral),
            ("01", .invalidNumber), ("-01", .invalidNumber), ("1.e5", .invalidNumber), ("-x", .invalidNumber), ("1x", .invalidNumber),
            ("0x10", .invalidNumber), ("1e5.5", .invalidNumber), ("1..2", .invalidNumber), ("-Infinity", .invalidNumber),
            ("\"a", .unterminatedString), ("\"\\", .unterminatedString), ("\"\\\"", .unterminatedString),
            ("\"\\x\"", .invalidEscape), ("\"\\u12\"", .invalidEscape), ("\"\\u12g4\"", .invalidEscape), ("\"\\u", .invalidEscape),
            ("\"\\ud800\"", .loneSurrogate), ("\"\\udc00\"", .loneSurrogate), ("\"\\ud800\\n\"", .loneSurrogate),
            ("\"\\ud800\\ud800\"", .loneSurrogate), ("\"\\ud83dx\\ude00\"", .loneSurrogate),
            ("\"a\nb\"", .controlCharacter), ("\"a\u{1F}\"", .controlCharacter), ("\"\u{0}\"", .controlCharacter),
            ("{\"a\":1,\"a\":2}", .duplicateKey), ("{\"a\":1,\"\\u0061\":2}", .duplicateKey), ("[{\"\":{},\"\":[]}]", .duplicateKey),
            ("1 2", .trailingText), ("{}}", .trailingText), ("null,", .trailingText),
        ] as [(String, JSONError.Reason)]
    )
    func refusal(text: String, reason: JSONError.Reason) {
        #expect(refusalReason(Array(text.utf8)) == reason)
    }

    @Test(
        "ill-formed UTF-8 is refused, also deep inside long strings",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xF0, 0x9F, 0x98], [0xC3, 0x28],
        ] as [[UInt8]]
    )
    func illFormedUTF8(sequence: [UInt8]) {
        for padding in 0...20 {
            let text = Array("[\"".utf8) + Array(repeating: UInt8(ascii: "x"), count: padding) + sequence
            #expect(refusalReason(text + Array("\"]".utf8)) == .invalidUTF8)
            #expect([.invalidUTF8, .unterminatedString].contains(refusalReason(text)))
        }
        #expect(refusalReason(sequence) == .unexpectedCharacter)
    }

    @Test(
        "strings decode to the text they stand for",
        arguments: [
            (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u00E9é""#, "ééé"),
            (#""\ud83d\ude00 😀""#, "😀 😀"), (#""\uFFFF\u0000""#, "\u{FFFF}\u{0}"),
            (#""नमस्ते, a longer text 漢字""#, "नमस्ते, a longer text 漢字"),
            ("\"\u{7F}\u{2028}\"", "\u{7F}\u{2028}"), (#""\udbff\udfff""#, "\u{10FFFF}"),
        ]
    )
    func strings(source: String, text: String) throws {
        let view = try parse(source).root
        #expect(view.string.map { Array($0.utf8) } == Array(text.utf8))
        #expect(view.rawBytes.elementsEqual(source.utf8))
    }

    @Test(
        "whole numbers are exact or absent, never wrapped",
        arguments: [
            ("0", 0), ("-0", 0), ("7", 7), ("-12", -12), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("18446744073709551616", nil), ("1.0", nil), ("1e2", nil),
            ("99999999999999999999999999999999", nil),
        ] as [(String, Int64?)]
    )
    func integers(source: String, value: Int64?) throws {
        #expect(try parse(source).root.int64 == value)
    }

    @Test("doubles are finite or absent")
    func doubles() throws {
        #expect(try parse("-1.25e2").root.double == -125)
        #expect(try parse("0.1").root.double == 0.1)
        #expect(try parse("12").root.double == 12)
        #expect(try parse("1e400").root.double == nil)
        #expect(try parse("\"1\"").root.double == nil)
    }

    @Test("members and elements are found in order, with their source text")
    func structure() throws {
        let document = try parse(#" {"a": [1, {"b": null}, [], "x"], "c" : true , "\u0064":{"e":[ ]},"f":false} "#)
        let root = document.root
        #expect(root.kind == .object)
        #expect(root.count == 4)
        #expect(root.members.map(\.key) == ["a", "c", "d", "f"])
        #expect(root["a"]?.elements.map(\.kind) == [.number, .object, .array, .string])
        #expect(root["a"]?.count == 4)
        #expect(root["a"].map { String(decoding: $0.rawBytes, as: UTF8.self) } == #"[1, {"b": null}, [], "x"]"#)
        #expect(root["c"]?.bool == true)
        #expect(root["f"]?.bool == false)
        #expect(root["d"]?["e"]?.count == 0)
        #expect(root["d"].map { String(decoding: $0.rawBytes, as: UTF8.self) } == #"{"e":[ ]}"#)
        #expect(root["A"] == nil)
        #expect(root["b"] == nil, "a nested member is not a member of the outer object")
        #expect(root["a"]?["b"] == nil)
        #expect(root["a"]?.elements.first { $0.kind == .object }?["b"]?.isNull == true)
    }

    @Test("U+0000 is noticed in the value that holds it and nowhere else")
    func nul() throws {
        let root = try parse(#"{"a":{"b\u0000":1},"c":"x","d":["\u0000"]}"#).root
        #expect(root.containsNUL)
        #expect(root["a"]?.containsNUL == true)
        #expect(root["c"]?.containsNUL == false)
        #expect(root["d"]?.containsNUL == true)
    }

    @Test("depth is limited, and a million brackets cost no stack")
    func depth() throws {
        let allowed = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try parse(allowed)
        #expect(refusalReason(Array(("[" + allowed + "]").utf8)) == .tooDeep)
        #expect(refusalReason(Array(repeating: UInt8(ascii: "["), count: 1_000_000)) == .tooDeep)
        let objects = Array(String(repeating: "{\"a\":", count: 10_000).utf8)
        #expect(refusalReason(objects) == .tooDeep)
        let unlimited = JSONLimits(maximumDepth: .max, maximumNodes: .max)
        let million = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000) + [UInt8](repeating: UInt8(ascii: "]"), count: 1_000_000)
        #expect(try JSONDocument(parsing: million, limits: unlimited).root.count == 1)
    }

    @Test("the number of values and the size are limited")
    func limits() throws {
        let list = Array(("[" + String(repeating: "1,", count: 9) + "1]").utf8)
        _ = try JSONDocument(parsing: list, limits: JSONLimits(maximumNodes: 11))
        #expect(refusalReason(list, JSONLimits(maximumNodes: 10)) == .tooManyValues)
        #expect(refusalReason(list, JSONLimits(maximumBytes: list.count - 1)) == .tooLarge)
        #expect(refusalReason(list, JSONLimits(maximumBytes: list.count)) == nil)
    }

    @Test("duplicates are found among many keys, and equal lengths alone are none", arguments: [2, 24, 25, 26, 3_000])
    func manyKeys(count: Int) throws {
        let members = (0..<count).map { "\"k\(1_000_000 + $0)\":{\"k\":\($0)}" }
        let document = try parse("{" + members.joined(separator: ",") + "}")
        #expect(document.root.count == count)
        #expect(document.root["k\(1_000_000 + count - 1)"]?["k"]?.int64 == Int64(count - 1))
        let doubled = members + ["\"k1000000\":0"]
        #expect(refusalReason(Array(("{" + doubled.joined(separator: ",") + "}").utf8)) == .duplicateKey)
    }

    @Test("an error knows its line and column in characters")
    func position() {
        let text = "{\n  \"é漢\": 1,\n  \"b\": nope\n}"
        do {
            _ = try parse(text)
            Issue.record("accepted")
        } catch {
            #expect(error.reason == .invalidLiteral)
            #expect((error.line, error.column) == (3, 8))
            #expect(error.offset == Array(text.utf8).firstIndex(of: UInt8(ascii: "o")).map { $0 - 1 })
            #expect(error.description == "expected true, false or null (line 3, column 8)")
        }
    }

    private func parse(_ text: String) throws(JSONError) -> JSONDocument { try JSONDocument(parsing: Array(text.utf8)) }
}

/// nil when the text is accepted.
func refusalReason(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) -> JSONError.Reason? {
    do {
        _ = try JSONDocument(parsing: bytes, limits: limits)
        return nil
    } catch {
        return error.reason
    }
}
