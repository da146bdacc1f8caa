/// The relaxed canonical forms of RFC 6376, 3.4.
enum Canonicalization {
    /// White space at line ends dropped, runs of it one space, trailing empty lines dropped; an empty body stays empty.
    static func relaxed(body: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(body.count + 2)
        var newlines = 0
        var space = false
        for byte in body {
            switch byte {
            case 0x0D:
                continue
            case 0x0A:
                newlines += 1
                space = false
            case 0x20, 0x09:
                space = true
            default:
                while newlines > 0 {
                    output.append(0x0D)
                    output.append(0x0A)
                    newlines -= 1
                }
                if space { output.append(0x20) }
                space = false
                output.append(byte)
            }
        }
        if !output.isEmpty {
            output.append(0x0D)
            output.append(0x0A)
        }
        return output
    }

    /// `name:value` with the name in lower case and the value unfolded and trimmed, without line end.
    static func relaxed(header: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(header.count)
        var inName = true
        var space = false
        for byte in header {
            switch byte {
            case 0x0D, 0x0A:
                continue
            case 0x20, 0x09:
                space = true
            case 0x3A where inName:
                inName = false
                space = false
                output.append(byte)
            default:
                if space, output.last != 0x3A || !isValueStart(output) { output.append(0x20) }
                space = false
                output.append(inName && byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
            }
        }
        return output
    }

    /// Whether nothing but the name and its colon has been written.
    private static func isValueStart(_ output: [UInt8]) -> Bool {
        output.firstIndex(of: 0x3A) == output.count - 1
    }
}
