import Core
import Testing

@Suite("RFC 3339")
struct RFC3339Tests {
    @Test(
        "a moment is written in UTC, with milliseconds only when there are any",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (1_795_244_400_000, "2026-11-21T07:00:00Z"), (1_795_244_400_123, "2026-11-21T07:00:00.123Z"),
            (1_795_244_400_007, "2026-11-21T07:00:00.007Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"), (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func writes(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
        #expect(Timestamp(rfc3339: text) == Timestamp(milliseconds: milliseconds))
    }

    @Test("moments outside 1970–9999 are written as the nearest one inside")
    func clamps() {
        #expect(Timestamp(milliseconds: -1).rfc3339 == "1970-01-01T00:00:00Z")
        #expect(Timestamp(milliseconds: .min).rfc3339 == "1970-01-01T00:00:00Z")
        #expect(Timestamp(milliseconds: .max).rfc3339 == "9999-12-31T23:59:59.999Z")
    }

    @Test(
        "any offset and any precision is read",
        arguments: [
            ("2026-11-21T08:00:00+01:00", "2026-11-21T07:00:00Z"), ("2026-11-20T21:30:00-09:30", "2026-11-21T07:00:00Z"),
            ("2026-11-21t07:00:00z", "2026-11-21T07:00:00Z"), ("2026-11-21T07:00:00-00:00", "2026-11-21T07:00:00Z"),
            ("2026-11-21T07:00:00.5Z", "2026-11-21T07:00:00.500Z"), ("2026-11-21T07:00:00.12Z", "2026-11-21T07:00:00.120Z"),
            ("2026-11-21T07:00:00.123999999Z", "2026-11-21T07:00:00.123Z"), ("2027-01-01T00:00:00+23:59", "2026-12-31T00:01:00Z"),
        ])
    func reads(text: String, same: String) {
        #expect(Timestamp(rfc3339: text)?.rfc3339 == same)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "2026-11-21", "2026-11-21T07:00:00", "2026-11-21 07:00:00Z", "2026-11-21T07:00Z", "2026-11-21T07:00:00.Z",
            "2026-11-21T07:00:00Z ", " 2026-11-21T07:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T07:60:00Z", "2026-06-30T23:59:60Z",
            "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-04-31T00:00:00Z", "2026-11-21T07:00:00+1:00", "2026-11-21T07:00:00+0100", "2026-11-21T07:00:00+24:00",
            "2026-11-21T07:00:00+01:60", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
            "12026-11-21T07:00:00Z", "+2026-11-21T07:00:00Z", "2026-11-21T07:00:00\u{0}Z", "２026-11-21T07:00:00Z",
            "2026-11-21T07:00:00.\(String(repeating: "1", count: 100))Z",
        ])
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("every cut and every changed byte of a time is read or refused, never fatal")
    func survivesMutation() {
        let valid = Array("2026-11-21T07:00:00.123+01:00".utf8)
        for length in 0..<valid.count {
            #expect(Timestamp(rfc3339: String(decoding: valid[..<length], as: UTF8.self)) == nil)
        }
        for index in valid.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = valid
                changed[index] = byte
                if let time = changed.withUnsafeBufferPointer({ RFC3339.parse($0) }) {
                    #expect(Timestamp(rfc3339: time.rfc3339) == time)
                }
            }
        }
    }
}
