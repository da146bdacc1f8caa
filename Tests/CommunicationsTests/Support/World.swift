import Core
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Communications

/// A small business with a store of its own, a clock that a test moves, and one process of the product.
struct World: Sendable {
    static let keys = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    /// The stores that every behaviour is shown on.
    static let engines = TestEngine.allCases
    static let business = UUIDv7(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0001)

    let store: TestDatabase
    let cipher: Cipher
    let first: Instance
    let timing: DeliveryTiming
    let pace: Pace

    var clock: TestClock { store.clock }
    var now: Timestamp { store.clock.now }
    var business: BusinessID { World.business }
    var email: ScriptedTransport { first.email }
    var sms: ScriptedTransport { first.sms }
    var whatsapp: ScriptedTransport { first.whatsapp }

    static func standardBusiness() -> Business {
        Business(
            id: business, name: "Bloom & Co", postalAddress: "1 Rose Lane, Kew", supportEmail: "help@bloom.example", timezone: "UTC",
            hours: .standard, defaultLanguage: "en", brandColor: "#2f6f4f", logoURL: nil)
    }

    /// Claims on every channel of the first process.
    func turn() async throws { try await first.turn() }
    func turn(_ channel: Channel) async throws { try await first.turn(channel) }

    func advance(seconds: Int64) { clock.advance(seconds: seconds) }

    /// Another process on the same store. SQLite admits one process at a time: there it is a second engine in this one.
    func withAnotherProcess<T>(_ body: (Instance) async throws -> T) async throws -> T {
        guard store.engine == .postgresql else {
            return try await Instance(store.database, cipher: cipher, clock: clock, capacity: 512, timing: timing, pace: pace).running(body)
        }
        let database = try await store.openAnother()
        _ = try await Cipher.open(database, keys: KeyRing(text: Self.keys), sealsContent: true)
        do {
            let value = try await Instance(database, cipher: cipher, clock: clock, capacity: 512, timing: timing, pace: pace).running(body)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }
}

/// Makes a world on a throw-away store and removes it afterwards.
func withWorld(
    _ engine: TestEngine, start: Timestamp? = nil, faults: Faults? = nil, capacity: Int = 512, timing: DeliveryTiming = DeliveryTiming(),
    pace: Pace = Pace(), business: Business = World.standardBusiness(), mail: ((TestClock) throws -> any Transport)? = nil,
    whatsApp: Instance.WhatsAppForms = .textOnly, smsPrices: SMSPrices? = nil, _ body: (World) async throws -> Void
) async throws {
    let clock = start.map { TestClock($0) } ?? TestClock()
    try await TestDatabase.with(engine, clock: clock, faults: faults) { store in
        try await store.database.write { tx in try tx.insertBusiness(business) }
        let cipher = try await Cipher.open(store.database, keys: KeyRing(text: World.keys), sealsContent: true)
        let instance = Instance(
            store.database, cipher: cipher, clock: clock, capacity: capacity, timing: timing, pace: pace, mail: try mail?(clock),
            whatsApp: whatsApp,
            smsPrices: smsPrices)
        try await instance.running { first in
            try await body(World(store: store, cipher: cipher, first: first, timing: timing, pace: pace))
        }
    }
}
