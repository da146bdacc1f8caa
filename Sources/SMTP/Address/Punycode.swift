/// The Bootstring encoding of one domain label (RFC 3492).
enum Punycode {
    /// Encodes one label, without the `xn--` prefix. Nil when the numbers overflow (a label far beyond what DNS takes).
    static func encode(_ input: [Unicode.Scalar]) -> String? {
        var output = input.filter(\.isASCII).map { UInt8(truncatingIfNeeded: $0.value) }
        let basicCount = output.count
        if basicCount > 0 { output.append(0x2D) }
        var next: UInt32 = 128
        var delta: UInt32 = 0
        var bias: UInt32 = 72
        var handled = basicCount
        while handled < input.count {
            guard let smallest = input.lazy.map(\.value).filter({ $0 >= next }).min() else { return nil }
            let (step, overflow) = (smallest - next).multipliedReportingOverflow(by: UInt32(truncatingIfNeeded: handled + 1))
            let (advanced, overflow2) = delta.addingReportingOverflow(step)
            guard !overflow, !overflow2 else { return nil }
            delta = advanced
            next = smallest
            for scalar in input {
                if scalar.value < next {
                    guard delta < UInt32.max else { return nil }
                    delta += 1
                }
                if scalar.value == next {
                    appendVariableLength(delta, bias: bias, to: &output)
                    bias = adapt(delta, count: UInt32(truncatingIfNeeded: handled + 1), first: handled == basicCount)
                    delta = 0
                    handled += 1
                }
            }
            guard delta < UInt32.max, next < UInt32.max else { return nil }
            delta += 1
            next += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func appendVariableLength(_ value: UInt32, bias: UInt32, to output: inout [UInt8]) {
        var rest = value
        var k: UInt32 = 36
        while true {
            let threshold: UInt32 = k <= bias ? 1 : (k >= bias &+ 26 ? 26 : k &- bias)
            if rest < threshold { break }
            output.append(digit(threshold &+ (rest &- threshold) % (36 &- threshold)))
            rest = (rest &- threshold) / (36 &- threshold)
            k &+= 36
        }
        output.append(digit(rest))
    }

    private static func digit(_ value: UInt32) -> UInt8 {
        let byte = UInt8(truncatingIfNeeded: value)
        return byte < 26 ? byte &+ 0x61 : byte &- 26 &+ 0x30
    }

    private static func adapt(_ delta: UInt32, count: UInt32, first: Bool) -> UInt32 {
        var rest = first ? delta / 700 : delta / 2
        rest &+= rest / count
        var k: UInt32 = 0
        while rest > 455 {
            rest /= 35
            k &+= 36
        }
        return k &+ 36 &* rest / (rest &+ 38)
    }
}
