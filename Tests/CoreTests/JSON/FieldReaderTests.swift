import Testing

@testable import Core

@Suite("Field reader")
struct FieldReaderTests {
    private enum Urgency: String, CaseIterable { case critical, high, normal, low }

    @Test("a complete request is read into values")
    func complete() throws {
        var body = try reader(
            #"{"client_id":"c","urgency":"high","days":[1,7],"tags":["a","b"],"flag":true,"count":3,"zone":"UTC","#
                + #""channels":["low","high"],"recipient":{"email":"a@b.c"},"parts":[{"n":1},{"n":2}],"context":{"x": [1.5]},"gone":null}"#
        )
        expect(body.requiredString("client_id", maxLength: 1), "c")
        expect(body.oneOf("urgency", as: Urgency.self), .high)
        expect(body.listOf("channels", as: Urgency.self), [.low, .high])
        expect(body.ints("days", in: 1...7, maxCount: 7), [1, 7])
        expect(body.strings("tags", maxCount: 2, maxLength: 1), ["a", "b"])
        expect(body.requiredBool("flag"), true)
        expect(body.requiredInt("count", in: 0...3), 3)
        expect(body.convert("zone") { (text) throws(FieldMessage) in text.count }, 3)
        expect(body.object("recipient") { $0.string("email", maxLength: 10) }, "a@b.c")
        expect(body.objects("parts", maxCount: 2) { $0.requiredInt("n", in: 0...9) }, [1, 2])
        expect(body.freeForm("context", maxBytes: 100).map { String(decoding: $0.rawBytes, as: UTF8.self) }, #"{"x": [1.5]}"#)
        expect(body.string("gone", maxLength: 1), nil)
        expect(body.string("absent", maxLength: 1), nil)
        expect(body.contains("gone"), true)
        expect(body.contains("absent"), false)
        try body.finish()
    }

    @Test("every fault is named, not only the first, with its path")
    func everything() throws {
        var body = try reader(
            #"{"name":"","long":"abc","number":"7","big":9223372036854775808,"flag":1,"urgency":"soon","tags":["a",3,""],"list":{},"#
                + #""recipient":{"email":5,"extra":1},"parts":[{"n":1},7,{"n":"x"}],"context":[],"nul":"\u0000","line":"a\r\nb","#
                + #""zone":"Mars","days":[0,1],"twice":["low","low"],"null":null,"who":1}"#
        )
        _ = body.requiredString("client_id", maxLength: 9)
        _ = body.requiredString("name", maxLength: 9)
        _ = body.string("long", maxLength: 2)
        _ = body.int("number", in: 1...9)
        _ = body.int("big", in: 1...9)
        _ = body.bool("flag")
        _ = body.oneOf("urgency", as: Urgency.self)
        _ = body.strings("tags", maxCount: 5, maxLength: 5)
        _ = body.elements("list", maxCount: 5)
        _ = body.object("recipient") { $0.string("email", maxLength: 9) }
        _ = body.objects("parts", maxCount: 5) { $0.requiredInt("n", in: 1...9) }
        _ = body.freeForm("context", maxBytes: 9)
        _ = body.string("nul", maxLength: 9)
        _ = body.string("line", maxLength: 9, .line)
        _ = body.convert("zone") { (_) throws(FieldMessage) -> Int in throw FieldMessage("must be an IANA time zone") }
        _ = body.ints("days", in: 1...7, maxCount: 7)
        _ = body.listOf("twice", as: Urgency.self)
        _ = body.requiredBool("null")
        let errors = collected(body)
        #expect(
            errors == [
                "client_id is required", "name must not be empty", "long must be at most 2 characters",
                "number must be a whole number from 1 to 9", "big must be a whole number from 1 to 9", "flag must be true or false",
                "urgency must be one of critical, high, normal, low", "tags[1] must be a string", "tags[2] must not be empty",
                "list must be a list", "recipient.email must be a string", "recipient.extra unknown field", "parts[1] must be an object",
                "parts[2].n must be a whole number from 1 to 9", "context must be an object", "nul must not contain the character U+0000",
                "line must not contain line breaks or control characters", "zone must be an IANA time zone",
                "days[0] must be a whole number from 1 to 7", "twice[1] occurs twice", "null is required", "who unknown field",
            ]
        )
    }

    @Test("a required reading that fails hands back its placeholder and names the field")
    func required() throws {
        var body = try reader(#"{"urgency":"soon","zone":7,"recipient":null,"flag":"true","count":11,"high":"high"}"#)
        expect(body.requiredOneOf("urgency", placeholder: Urgency.low), .low)
        expect(body.requiredOneOf("missing", placeholder: Urgency.low), .low)
        expect(body.requiredOneOf("high", placeholder: Urgency.low), .high)
        expect(body.requiredConvert("zone", placeholder: "UTC") { (text) throws(FieldMessage) in text }, "UTC")
        expect(body.requiredObject("recipient") { $0.string("email", maxLength: 9) }, nil)
        expect(body.requiredBool("flag"), false)
        expect(body.requiredInt("count", in: 3...10), 3)
        expect(body.requiredString("name", maxLength: 9), "")
        #expect(
            collected(body) == [
                "urgency must be one of critical, high, normal, low", "missing is required", "zone must be a string",
                "recipient is required", "flag must be true or false", "count must be a whole number from 3 to 10", "name is required",
            ]
        )
    }

    @Test("only an object can be a body", arguments: ["[]", "null", "\"x\"", "1"])
    func notAnObject(text: String) throws {
        let view = try JSONDocument(parsing: Array(text.utf8)).root
        #expect(throws: ValidationError(errors: [FieldError(field: "", message: "must be an object")])) { try FieldReader(view) }
    }

    @Test("lists and texts are bounded, counted in characters rather than bytes")
    func bounds() throws {
        var body = try reader(#"{"list":[1,2,3],"accents":"ééé","free":{"a":"0123456789"},"empty":[]}"#)
        expect(body.elements("list", maxCount: 2) == nil, true)
        expect(body.string("accents", maxLength: 3), "ééé")
        expect(body.freeForm("free", maxBytes: 10) == nil, true)
        expect(body.requiredElements("empty", maxCount: 3).isEmpty, true)
        #expect(
            collected(body) == [
                "list must have at most 2 elements", "free must be at most 10 bytes of JSON", "empty must not be empty",
            ]
        )
    }

    @Test(
        "a free-form object that a database would refuse is refused",
        arguments: [
            #"{"a\u0000":1}"#, #"{"a":["\u0000"]}"#, #"{"a":1e400}"#, #"{"a":1e-20000}"#, #"{"a":1e99999999999999999999}"#,
            "{\"a\":1\(String(repeating: "0", count: 350))}", "{\"a\":0.\(String(repeating: "0", count: 500))1}",
        ])
    func unstorable(text: String) throws {
        var body = try reader("{\"context\":\(text)}")
        expect(body.freeForm("context", maxBytes: 1_000) == nil, true)
        #expect(collected(body).count == 1)
    }

    @Test("unknown members beyond the 64th are found, known ones there are not reported")
    func manyMembers() throws {
        let members = (0..<100).map { "\"m\($0)\":1" }.joined(separator: ",")
        var body = try reader("{\(members)}")
        for index in 0..<100 where index != 3 && index != 90 { _ = body.int("m\(index)", in: 0...1) }
        #expect(collected(body) == ["m3 unknown field", "m90 unknown field"])
    }

    @Test("a body of nothing but faults gets a bounded answer")
    func boundedErrors() throws {
        let members = (0..<5_000).map { "\"m\($0)\":1" }.joined(separator: ",")
        #expect(try collected(reader("{\(members)}")).count == FieldReader.maximumErrors)
        var tolerant = try reader("{\(members)}")
        try tolerant.finish(allowingUnknown: true)
    }

    @Test("an element judged on its own carries its place in the path")
    func elementPath() throws {
        let view = try JSONDocument(parsing: Array(#"{"x":1}"#.utf8)).root
        var element = try FieldReader(view, path: "requests[3]")
        _ = element.requiredString("client_id", maxLength: 5)
        #expect(collected(element) == ["requests[3].client_id is required", "requests[3].x unknown field"])
    }

    private func reader(_ text: String) throws -> FieldReader { try FieldReader(JSONDocument(parsing: Array(text.utf8)).root) }

    /// `#expect` cannot take a mutating call.
    private func expect<Value: Equatable>(_ value: Value, _ expected: Value, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(value == expected, sourceLocation: sourceLocation)
    }

    private func collected(_ reader: FieldReader) -> [String] {
        var reader = reader
        do {
            try reader.finish()
            return []
        } catch {
            return error.errors.map { "\($0.field) \($0.message)" }
        }
    }
}
