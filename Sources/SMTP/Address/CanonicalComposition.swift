// The standard library has the normaliser but no public name for it yet; Foundation's would pull in ICU.
@_spi(_Unicode) import Swift

/// Unicode normal form C, so that a domain typed with combining marks gets the A-label everyone else computes.
enum CanonicalComposition {
    static func compose(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text._nfc { scalars.append(scalar) }
        return String(scalars)
    }
}
