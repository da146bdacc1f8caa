import Communications
import Core

/// The list of time zones to choose from: some four hundred places by continent, written once.
enum TimeZoneOptions {
    /// - Parameter attributes: of the select, beside its name.
    static func select(_ chosen: String, attributes: HTML) -> HTML {
        // The chosen one stands first by itself, so that the long list is the same for everybody.
        let first: HTML =
            chosen.isEmpty ? "<option value=\"\" selected></option>" : "<option value=\"\(chosen)\" selected>\(name(chosen))</option>"
        return "<select id=\"timezone\" name=\"timezone\" required\(attributes)>\(first)\(all)</select>"
    }

    /// End tags of options may be left out (HTML, 13.1.2.4): a third of the page.
    private static let all: HTML = {
        var groups: [HTML] = []
        var region = ""
        for place in ZoneCatalog.places {
            let parts = place.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            if parts[0] != region {
                if !region.isEmpty { groups.append("</optgroup>") }
                region = parts[0]
                groups.append("<optgroup label=\"\(region)\">")
            }
            groups.append("<option value=\"\(place)\">\(parts[1].replacing("_", with: " "))")
        }
        return "\(.joined(groups))</optgroup><option>UTC"
    }()

    /// `Berlin (Europe)` for `Europe/Berlin`.
    private static func name(_ zone: String) -> String {
        let parts = zone.split(separator: "/", maxSplits: 1).map { $0.replacing("_", with: " ") }
        return parts.count == 2 ? "\(parts[1]) (\(parts[0]))" : zone
    }
}
