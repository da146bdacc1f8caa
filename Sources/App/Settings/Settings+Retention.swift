import Core

extension SettingsSource {
    /// For how long what has ended is kept; 0 is for ever.
    func retention() throws(SettingsError) -> RetentionRules {
        let standard = RetentionRules()
        return RetentionRules(
            communications: try days(.retentionCommunications, standard.communications),
            replies: try days(.retentionReplies, standard.replies), sandbox: try days(.retentionSandbox, standard.sandbox),
            events: try days(.retentionEvents, standard.events), accessLog: try days(.retentionAccessLog, standard.accessLog))
    }

    private func days(_ setting: Setting, _ standard: Int?) throws(SettingsError) -> Int? {
        guard let days = try integer(setting, 0...36_500) else { return standard }
        return days == 0 ? nil : days
    }
}
