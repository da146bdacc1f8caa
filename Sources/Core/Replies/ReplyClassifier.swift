/// What a reply means: the business's own patterns first, those of the message type before the general ones, then the payload of a
/// button, then the product's patterns.
public enum ReplyClassifier {
    /// - Parameters:
    ///   - payload: of the button or list row that was pressed.
    ///   - messageType: of the message that it most likely answers.
    ///   - patterns: the business's own, in their order.
    public static func classify(text: String, payload: String?, messageType: String?, patterns: [ReplyPattern] = []) -> ReplyMeaning? {
        // A button says more plainly what is meant than the words on it.
        let said = [payload, text].compactMap { $0.map(FoldedText.init) }
        func first(of patterns: [ReplyPattern]) -> ReplyMeaning? {
            for text in said {
                for pattern in patterns {
                    if let meaning = pattern.meaning(of: text) { return meaning }
                }
            }
            return nil
        }
        let own =
            patterns.filter { $0.messageType != nil && $0.messageType == messageType } + patterns.filter { $0.messageType == nil }
        return first(of: own) ?? payload.flatMap(meaning(ofPayload:)) ?? first(of: ReplyPattern.builtIn)
    }

    /// `select:2`, `confirm`, `decline`; also `name:value` with a name of the business's own.
    private static func meaning(ofPayload payload: String) -> ReplyMeaning? {
        guard payload.utf8.count <= 512 else { return nil }
        let parts = payload.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let action = ReplyAction(String(first)) else { return nil }
        guard parts.count == 2 else {
            // A single word that is no action of ours is a button's label rather than a payload.
            return action == .confirm || action == .decline ? ReplyMeaning(action: action, value: nil) : nil
        }
        let value = String(parts[1].unicodeScalars.prefix(ReplyPattern.longestValue).filter { !ClientFields.isLineBreakOrControl($0) })
        return ReplyMeaning(action: action, value: value.isEmpty ? nil : value)
    }
}

extension ReplyPattern {
    /// What holds for every business where its own patterns do not fit.
    public static let builtIn: [ReplyPattern] = {
        func patterns(_ action: ReplyAction, _ lines: [String]) -> [ReplyPattern] {
            lines.compactMap { ReplyPattern($0, action: action) }
        }
        return patterns(
            .select,
            [
                "{number}", "option {number}", "option number {number}", "number {number}", "nr {number}", "choice {number}",
                "choose {number}", "i choose {number}", "i choose option {number}", "select {number}", "i select {number}",
                "i take {number}", "i ll take {number}", "ill take {number}", "take {number}", "vendor {number}", "combination {number}",
                "{number} please", "option {number} please", "i want {number}", "i would like {number}",
                "nummer {number}", "auswahl {number}", "ich nehme {number}", "ich wahle {number}", "ich nehme nummer {number}",
                "ich nehme option {number}", "{number} bitte", "numero {number}", "je choisis {number}", "le {number}", "la {number}",
                "opcion {number}", "elijo {number}", "la opcion {number}", "opcao {number}", "opzione {number}",
            ])
            + patterns(
                .confirm,
                [
                    "yes", "yes please", "yes thanks", "yes thank you", "yep", "yeah", "y", "ok", "okay", "k", "confirm", "i confirm",
                    "confirmed", "agreed", "approve", "approved", "i approve", "accept", "i accept", "sure", "sounds good", "looks good",
                    "perfect", "go ahead", "ja", "ja bitte", "ja gerne", "jawohl", "einverstanden", "passt", "bestatigt", "ich bestatige",
                    "gerne", "oui", "oui merci", "daccord", "je confirme", "si", "si gracias", "vale", "confirmo", "de acuerdo", "claro",
                    "sim", "va bene", "👍", "👌", "✅", "yes 👍", "ok 👍",
                ])
            + patterns(
                .decline,
                [
                    "no", "no thanks", "no thank you", "nope", "n", "decline", "i decline", "reject", "rejected", "not interested", "nein",
                    "nein danke", "non", "non merci", "no gracias", "nao", "nao obrigado", "👎",
                ])
    }()
}
