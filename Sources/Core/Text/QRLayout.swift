/// Sizes, places and error correction of a QR code's version (ISO/IEC 18004, tables 7 and 9), for level M and byte mode.
struct QRLayout {
    let version: Int

    var size: Int { version * 4 + 17 }

    private static let correctionPerBlock = [
        10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        28, 28, 28, 28, 28, 28, 28,
    ]
    private static let blocks = [
        1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40,
        43,
        45, 47, 49,
    ]

    /// All codewords of the symbol, data and correction.
    private var total: Int {
        var modules = (16 * version + 128) * version + 64
        if version >= 2 {
            let alignments = version / 7 + 2
            modules -= (25 * alignments - 10) * alignments - 55
            if version >= 7 { modules -= 36 }
        }
        return modules / 8
    }

    private var blockCount: Int { Self.blocks[version - 1] }
    private var correction: Int { Self.correctionPerBlock[version - 1] }
    private var dataCount: Int { total - blockCount * correction }
    private var lengthBits: Int { version < 10 ? 8 : 16 }

    func holds(byteCount: Int) -> Bool { 4 + lengthBits + byteCount * 8 <= dataCount * 8 }

    var alignmentCentres: [Int] {
        guard version > 1 else { return [] }
        let count = version / 7 + 2
        let step = (version * 8 + count * 3 + 5) / (count * 4 - 4) * 2
        return [6] + (0..<(count - 1)).map { size - 7 - $0 * step }.reversed()
    }

    /// Data in blocks, each with its correction, interleaved.
    func codewords(of bytes: [UInt8]) -> [UInt8] {
        let data = dataCodewords(bytes)
        let divisor = Self.divisor(degree: correction)
        let shortLength = total / blockCount - correction
        let shortCount = blockCount - total % blockCount
        var blocks: [(data: ArraySlice<UInt8>, correction: [UInt8])] = []
        var start = 0
        for index in 0..<blockCount {
            let length = shortLength + (index < shortCount ? 0 : 1)
            let part = data[start..<(start + length)]
            blocks.append((part, Self.remainder(part, divisor)))
            start += length
        }
        var result: [UInt8] = []
        for index in 0...shortLength {
            for block in blocks where index < block.data.count { result.append(block.data[block.data.startIndex + index]) }
        }
        for index in 0..<correction {
            for block in blocks { result.append(block.correction[index]) }
        }
        return result
    }

    /// Mode, length, bytes, and padding up to the version's capacity.
    private func dataCodewords(_ bytes: [UInt8]) -> [UInt8] {
        var data: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        func put(_ value: Int, _ width: Int) {
            for shift in stride(from: width - 1, through: 0, by: -1) {
                bits = bits << 1 | UInt32(value >> shift & 1)
                count += 1
                if count == 8 {
                    data.append(UInt8(truncatingIfNeeded: bits))
                    (bits, count) = (0, 0)
                }
            }
        }
        put(4, 4)
        put(bytes.count, lengthBits)
        for byte in bytes { put(Int(byte), 8) }
        put(0, min(4, dataCount * 8 - data.count * 8 - count))
        if count > 0 { put(0, 8 - count) }
        var padding: UInt8 = 0xEC
        while data.count < dataCount {
            data.append(padding)
            padding ^= 0xEC ^ 0x11
        }
        return data
    }

    /// Reed and Solomon's generator over GF(256) with 0x11D, without its leading 1.
    private static func divisor(degree: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: degree)
        result[degree - 1] = 1
        var root: UInt8 = 1
        for _ in 0..<degree {
            for index in 0..<degree {
                result[index] = product(result[index], root)
                if index + 1 < degree { result[index] ^= result[index + 1] }
            }
            root = product(root, 2)
        }
        return result
    }

    private static func remainder(_ data: ArraySlice<UInt8>, _ divisor: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: divisor.count)
        for byte in data {
            let factor = byte ^ result.removeFirst()
            result.append(0)
            for index in result.indices { result[index] ^= product(divisor[index], factor) }
        }
        return result
    }

    private static func product(_ a: UInt8, _ b: UInt8) -> UInt8 {
        var result = 0
        for shift in stride(from: 7, through: 0, by: -1) {
            result = result << 1 ^ (result >> 7) * 0x11D
            if b >> UInt8(shift) & 1 != 0 { result ^= Int(a) }
        }
        return UInt8(truncatingIfNeeded: result)
    }
}
