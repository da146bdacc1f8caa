import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Template texts in a cache that instances share")
struct TemplateSourceCacheTests {
    /// Two instances on one database and one cache.
    private struct Two {
        let store: TestDatabase
        let business: BusinessID
        let cache: InProcessCache
        let here: TemplateStore
        let there: TemplateStore

        init(_ store: TestDatabase) async throws {
            self.store = store
            business = try await store.database.write { tx in
                let business = Business(
                    id: UUIDv7(at: tx.now), name: "Here", postalAddress: "1 Road", supportEmail: "help@example.org", timezone: "UTC",
                    hours: .standard, defaultLanguage: "en", brandColor: "#2f6f4f", logoURL: nil)
                try tx.insertBusiness(business)
                return business.id
            }
            cache = InProcessCache(clock: store.clock.wallClock)
            let records = RecordCache(cache: cache, keys: CacheKeys(firstBusiness: business), seconds: 3600)
            here = TemplateStore(database: store.database, clock: store.clock.wallClock, records: records)
            there = TemplateStore(database: store.database, clock: store.clock.wallClock, records: records)
        }

        func put(_ text: String, language: String = "en") async throws {
            let business = business
            let draft = TemplateDraft(
                channel: .sms, name: "reminder", language: language, subjectTemplate: nil, contentTemplate: text, textTemplate: nil,
                variables: Array("[]".utf8))
            try await store.database.write { tx in _ = try tx.putTemplate(draft, business: business) }
        }

        func version(_ templates: TemplateStore, language: String = "en") async throws -> Int? {
            try await templates.template(business, .sms, "reminder", language: language, fallbackLanguage: "en")?.version
        }
    }

    @Test(
        "a change on one instance reaches the other when it next looks, and looking again costs no database", arguments: TestEngine.allCases
    )
    func change(_ engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { store in
            let two = try await Two(store)
            #expect(try await two.version(two.here) == 0)
            #expect(try await two.version(two.there) == 0)
            try await two.put("one")
            await two.here.forget(.sms, "reminder", two.business)
            #expect(try await two.version(two.here) == 1)
            #expect(try await two.version(two.there) == 0)
            store.clock.advance(seconds: 5)
            let hits = two.cache.counts.hits
            #expect(try await two.version(two.there) == 1)
            #expect(two.cache.counts.hits == hits + 1)
            try await two.put("deux", language: "fr")
            await two.here.forget(.sms, "reminder", two.business)
            store.clock.advance(seconds: 5)
            #expect(try await two.version(two.there, language: "fr") == 1)
            #expect(
                try await two.there.template(two.business, .sms, "reminder", language: "fr-CA", fallbackLanguage: "en")?.language == "fr")
        }
    }

    @Test("a copy whose deletion was lost is not believed by who hears of the change, nor by who has just started")
    func lostDeletion() async throws {
        try await TestDatabase.with(.sqlite) { store in
            let two = try await Two(store)
            try await two.put("one")
            #expect(try await two.version(two.there) == 1)
            // The instance that made this change ended before it could delete the copy.
            try await two.put("two")
            #expect(try await two.version(two.here) == 2)
            store.clock.advance(seconds: 5)
            #expect(try await two.version(two.there) == 2)
            try await two.put("three")
            two.there.forget(two.business)
            #expect(try await two.version(two.there) == 3)
        }
    }

    @Test(
        "what stands under the name and is no copy of this business's template is replaced",
        arguments: ["", "{", "[]", "{\"languages\":[]}"])
    func nonsense(_ text: String) async throws {
        try await TestDatabase.with(.sqlite) { store in
            let two = try await Two(store)
            try await two.put("one")
            #expect(try await two.version(two.there) == 1)
            await two.cache.set("crm:template:sms:reminder", Array(text.utf8), seconds: nil)
            store.clock.advance(seconds: 5)
            #expect(try await two.version(two.there) == 1)
            let copy = await two.cache.get("crm:template:sms:reminder") ?? []
            #expect(TemplateSourceCache.decode(copy, two.business, "reminder")?.map(\.version) == [1])
            #expect(TemplateSourceCache.decode(copy, two.business, "welcome") == nil)
            #expect(TemplateSourceCache.decode(copy, UUIDv7(high: 1, low: 1), "reminder") == nil)
        }
    }
}
