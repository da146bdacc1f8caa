import Core
import Testing

@Suite("SipHash")
struct SipHashTests {
    private let hash = SipHash(key: Array(0..<16))

    @Test(
        "the authors' own vectors",
        arguments: [(0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5)]
            as [(Int, UInt64)])
    func vectors(_ length: Int, _ expected: UInt64) {
        #expect(hash.hash((0..<length).map { UInt8($0) }) == expected)
    }

    @Test("two words before the bytes are sixteen bytes before them", arguments: 0..<20)
    func words(_ length: Int) {
        let rest = (0..<length).map { UInt8(200 &+ $0) }
        let first = (0x0706_0504_0302_0100 as UInt64, 0x0f0e_0d0c_0b0a_0908 as UInt64)
        #expect(hash.hash(after: first, rest) == hash.hash(Array(0..<16) + rest))
    }
}
