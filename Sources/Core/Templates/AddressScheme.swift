/// Schemes that must never come out of a value: they run code or smuggle content where an address is expected.
enum AddressScheme {
    private static let dangerous = ["javascript", "vbscript", "data"].map { Array($0.utf8) }

    /// Whether an attribute with this HTML source (escaped or not) would be followed as a dangerous address.
    ///
    /// Looks at it as a browser does: character references decoded, spaces and controls in front and line breaks anywhere dropped.
    static func isDangerous(_ source: ArraySlice<UInt8>) -> Bool {
        var scheme: [UInt8] = []
        var index = source.startIndex
        while index < source.endIndex {
            let scalar: UInt32
            if source[index] == UInt8(ascii: "&"), let reference = HTMLEntities.reference(in: source, at: index) {
                scalar = reference.scalar.value
                index += reference.length
            } else {
                scalar = UInt32(source[index])
                index += 1
            }
            if scalar == UInt32(UInt8(ascii: ":")) { return dangerous.contains(scheme) }
            if scalar < 0x20 || scalar == 0x20 && scheme.isEmpty || scalar == 0x7F { continue }
            guard let byte = UInt8(exactly: scalar), (byte | 0x20) &- UInt8(ascii: "a") < 26, scheme.count < 12 else { return false }
            scheme.append(byte | 0x20)
        }
        return false
    }
}
