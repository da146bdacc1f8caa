/// The two-letter languages that there are (ISO 639-1, with the codes that some systems still use for them).
enum LanguageCodes {
    private static let codes: StaticString = """
        aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff \
        fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw ja ji jv jw ka kg ki kj kk kl km kn \
        ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa \
        pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug \
        uk ur uz ve vi vo wa wo xh yi yo za zh zu
        """

    /// One place for each pair of letters: requests ask for every message.
    private static let known: [Bool] = {
        var known = [Bool](repeating: false, count: 26 * 26)
        for code in codes.description.utf8.split(separator: UInt8(ascii: " ")) {
            if let place = place(code) { known[place] = true }
        }
        return known
    }()

    /// - Parameter letters: two letters, in any case.
    static func isKnown(_ letters: some Collection<UInt8>) -> Bool {
        place(letters).map { known[$0] } ?? false
    }

    private static func place(_ letters: some Collection<UInt8>) -> Int? {
        guard letters.count == 2 else { return nil }
        return letters.reduce(0 as Int?) { place, letter in
            let index = Int(letter | 0x20) - 0x61
            return (0..<26).contains(index) ? place.map { $0 * 26 + index } : nil
        }
    }
}
