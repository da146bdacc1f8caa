import Core
import Testing

@Suite("QR codes")
struct QRCodeTests {
    struct Reference: Sendable {
        var text: String
        var size: Int
        /// FNV-1a over the modules, row by row, for each of the eight masks, as the Python package `qrcode` 8.2 draws them at level M.
        var masks: Set<UInt64>
    }

    static let references = [
        Reference(
            text: "a", size: 21,
            masks: [
                0xf9c8_bba8_dc5d_1ac1, 0xb89c_599d_e826_1b9b, 0xc9d2_1559_ab9c_e013, 0x2b53_4178_d240_12d9, 0x1b91_23a3_d17f_35b3,
                0x3ad5_e32b_1fe6_8951, 0x835c_6ebe_2ec4_e251, 0xf95e_d02e_35e7_bea3,
            ]),
        Reference(
            text: "otpauth://totp/Rapport:ada%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Rapport", size: 41,
            masks: [
                0x7d7_b2db_3013_3699, 0x3e39_78c9_df5b_2f5f, 0x920c_ba4b_6750_ee8e, 0x5980_06d4_7f71_430d, 0x958c_0deb_53ca_de3e,
                0x37ae_84b6_8b3f_f802, 0x1fa5_fe46_fbab_c081, 0x788c_4fb9_30ac_75b7,
            ]),
        Reference(
            text: String(repeating: "0123456789", count: 30), size: 69,
            masks: [
                0xf99a_8e96_bd2d_1225, 0x608e_e9d5_e8fb_705a, 0x17ff_1288_8661_1e97, 0xfbf6_85a7_721d_65ad, 0xdbbd_aec5_c48f_83af,
                0xad36_8160_c236_1201, 0x5d7b_c411_fc3b_e42d, 0xcba9_c422_efdb_bd8b,
            ]),
        Reference(
            text: String(repeating: "Grüße, 世界 ", count: 60), size: 117,
            masks: [
                0xed3b_e849_4d15_97e7, 0xea81_cff1_9cb8_0eb0, 0x8fd2_dda4_7416_8c3d, 0xfcb2_d11e_45bb_597c, 0x6206_2857_428e_a33d,
                0xbe8c_47f3_1b68_2393, 0x2cc6_090e_95f3_7f0, 0x8d8d_202b_a5f1_0b82,
            ]),
    ]

    @Test("a code has the modules that an independent encoder draws", arguments: references)
    func modules(reference: Reference) throws {
        let code = try #require(QRCode(reference.text))
        #expect(code.size == reference.size)
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for y in 0..<code.size {
            for x in 0..<code.size { hash = (hash ^ (code.isDark(x, y) ? 1 : 0)) &* 0x100_0000_01b3 }
        }
        #expect(reference.masks.contains(hash))
    }

    @Test("texts of every length are drawn or refused, none traps")
    func lengths() {
        for length in [0, 1, 13, 14, 2_330, 2_331, 2_332, 5_000] {
            let code = QRCode(String(repeating: "x", count: length))
            #expect((code != nil) == (length <= 2_331))
            #expect(code?.isDark(-1, 0) != true && code?.isDark(0, 1_000) != true)
        }
    }
}
