extension MessageType {
    /// The message types that every business has from the start.
    ///
    /// Urgency and channels are those of the workflow node that sends each type (see `WorkflowHook`); where the specification names
    /// one channel only, so does the type, and the fallback chain does the rest.
    public static let builtIn: [MessageType] = [
        MessageType(name: "welcome", category: .transactional, defaultUrgency: .normal, channels: [.email]),
        MessageType(name: "budget_summary", category: .transactional, defaultUrgency: .normal, channels: [.email]),
        MessageType(name: "vendor_options", category: .transactional, defaultUrgency: .high, channels: [.email, .whatsapp]),
        MessageType(name: "selection_confirmation", category: .transactional, defaultUrgency: .normal, channels: [.email, .sms]),
        MessageType(name: "blueprint_delivery", category: .transactional, defaultUrgency: .high, channels: [.email, .whatsapp]),
        MessageType(name: "error_notification", category: .transactional, defaultUrgency: .critical, channels: [.sms, .email]),
        MessageType(name: "reminder", category: .transactional, defaultUrgency: .normal, channels: [.email, .sms]),
        // Asks for consent, so it needs none. Nobody waits for it till morning: they have just signed up.
        MessageType(name: "opt_in_request", category: .transactional, defaultUrgency: .high, channels: [.email]),
        // What the preference centre sends by itself.
        MessageType(name: "preferences_updated", category: .transactional, defaultUrgency: .normal, channels: [.email]),
        MessageType(name: "preferences_link", category: .transactional, defaultUrgency: .high, channels: [.email]),
    ]

    /// The built-in type of this name, if there is one.
    public static func builtIn(named name: String) -> MessageType? {
        builtIn.first { $0.name == name }
    }
}
