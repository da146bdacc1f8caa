/// Percent escapes (RFC 3986, section 2.1) in paths, queries and forms.
public enum PercentDecoding {
    /// The text that the escapes stand for; nil for a broken escape and for bytes that are not UTF-8.
    ///
    /// - Parameter plusIsSpace: as in `application/x-www-form-urlencoded`.
    public static func decode(_ source: [UInt8], plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.count)
        var iterator = source.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(Hexadecimal.value), let low = iterator.next().flatMap(Hexadecimal.value) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace:
                bytes.append(UInt8(ascii: " "))
            default:
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
