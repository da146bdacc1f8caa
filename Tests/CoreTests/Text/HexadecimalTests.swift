import Testing

@testable import Core

@Suite("Hexadecimal digits")
struct HexadecimalTests {
    @Test("every byte has two lower-case digits, which are read back in either case")
    func roundTrip() {
        #expect(Hexadecimal.encode([]) == "")
        #expect(Hexadecimal.encode([0x00, 0x09, 0x0A, 0x5F, 0xFF]) == "00090a5fff")
        for byte in UInt8.min...UInt8.max {
            for digits in [Hexadecimal.encode([byte]), Hexadecimal.encode([byte]).uppercased()] {
                let values = digits.utf8.compactMap(Hexadecimal.value)
                #expect(values.count == 2 && values[0] << 4 | values[1] == byte)
            }
        }
    }

    @Test("nothing else is a digit")
    func others() {
        let digits = Set("0123456789abcdefABCDEF".utf8)
        for byte in UInt8.min...UInt8.max where !digits.contains(byte) { #expect(Hexadecimal.value(of: byte) == nil) }
    }
}
