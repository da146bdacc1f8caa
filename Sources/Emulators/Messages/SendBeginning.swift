import Core

/// A request to send that reached an emulator, whatever became of it.
public struct SendBeginning: Sendable, Hashable {
    public var provider: EmulatedProvider
    public var to: String
    /// When its body had been read, before anything else happened.
    public var at: Timestamp
    /// The same on a clock that can be compared exactly within one process.
    public var instant: ContinuousClock.Instant
}

/// What happened since the start or the last reset.
public struct EmulatorCounters: Sendable, Hashable {
    /// Requests to send, also those that were refused or never answered.
    public var sends: [EmulatedProvider: Int] = [:]
    /// Messages taken.
    public var taken: [EmulatedProvider: Int] = [:]
    /// Requests to send that were refused.
    public var refused: [EmulatedProvider: Int] = [:]
    /// Messages that reached a final status by themselves (`delivered`, `undelivered`, `failed`, `read`).
    public var finished: [EmulatedProvider: Int] = [:]
    /// Callbacks answered with 2xx. One WhatsApp callback may carry several statuses.
    public var callbacks = 0
    /// Statuses and messages inside those callbacks.
    public var reported = 0
    /// Callbacks not answered with 2xx, each try counted.
    public var callbackFailures = 0
    /// Callbacks given up.
    public var callbacksLost = 0
    /// Callbacks waiting or at work.
    public var callbacksOpen = 0
    /// Requests with missing or wrong credentials.
    public var unauthorized = 0
    public var firstSend: Timestamp?
    public var lastSend: Timestamp?

    public init() {}
}
