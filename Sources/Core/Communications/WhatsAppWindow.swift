/// WhatsApp's customer-service window: free text is taken only for 24 hours after the person last wrote; after that templates only.
public enum WhatsAppWindow {
    static let seconds: Int64 = 24 * 3600
    /// Our clock, theirs and the way there: what begins this late may arrive too late.
    static let margin: Int64 = 5 * 60

    /// - Parameter lastInbound: when the person last wrote to us; nil: never, as far as we know.
    public static func isOpen(lastInbound: Timestamp?, now: Timestamp) -> Bool {
        guard let lastInbound else { return false }
        return now < lastInbound.adding(seconds: seconds - margin)
    }
}
