/// Turns label values into a position in a table of ready-made series.
///
/// The values of each label are known beforehand and few; the last one of each label stands for everything that is
/// not listed, so that no caller's text can become a label value.
struct LabelIndex: Sendable {
    let names: [String]
    let values: [[String]]

    init(_ labels: [(name: String, values: [String])]) {
        names = labels.map(\.name)
        values = labels.map { $0.values.isEmpty ? ["other"] : $0.values }
    }

    /// Every combination, in the order of the positions.
    var combinations: [[(String, String)]] {
        var all: [[(String, String)]] = [[]]
        for (name, list) in zip(names, values) {
            all = all.flatMap { head in list.map { head + [(name, $0)] } }
        }
        return all
    }

    func position(_ a: String) -> Int {
        find(a, 0)
    }

    func position(_ a: String, _ b: String) -> Int {
        find(a, 0) &* width(1) &+ find(b, 1)
    }

    func position(_ a: String, _ b: String, _ c: String) -> Int {
        (find(a, 0) &* width(1) &+ find(b, 1)) &* width(2) &+ find(c, 2)
    }

    private func width(_ label: Int) -> Int {
        label < values.count ? values[label].count : 1
    }

    /// Short lists: comparing a handful of short strings is quicker than hashing one.
    private func find(_ value: String, _ label: Int) -> Int {
        guard label < values.count else { return 0 }
        let list = values[label]
        for index in list.indices where list[index] == value { return index }
        return max(0, list.count - 1)
    }
}
