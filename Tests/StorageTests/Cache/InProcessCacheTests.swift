import Core
import TestSupport
import Testing

@testable import Storage

@Suite("the cache in the process")
struct InProcessCacheTests {
    @Test("an entry ends with its time, to the millisecond")
    func expiry() async {
        let clock = TestClock()
        let cache = InProcessCache(clock: clock.wallClock)
        await cache.set("a", [1], seconds: 10)
        await cache.set("b", [1], seconds: nil)
        clock.advance(milliseconds: 9_999)
        await #expect(cache.get("a") == [1])
        clock.advance(milliseconds: 1)
        await #expect(cache.get("a") == nil)
        await #expect(cache.get("b") == [1])
        await #expect(cache.statistics.keys == 1)
    }

    @Test("a counter ends when the first increment says, whatever later ones say, and then begins anew")
    func counterExpiry() async {
        let clock = TestClock()
        let cache = InProcessCache(clock: clock.wallClock)
        await #expect(cache.increment("c", by: 1, seconds: 10) == 1)
        clock.advance(seconds: 9)
        await #expect(cache.increment("c", by: 1, seconds: 100) == 2)
        clock.advance(seconds: 1)
        await #expect(cache.read(counter: "c") == 0)
        await #expect(cache.increment("c", by: 5, seconds: 10) == 5)
    }

    @Test("what was used longest ago makes room")
    func leastRecentlyUsed() async {
        let cache = InProcessCache(clock: TestClock().wallClock, mostEntries: 3)
        for key in ["a", "b", "c"] { await cache.set(key, [1], seconds: nil) }
        _ = await cache.get("a")
        await cache.set("d", [1], seconds: nil)
        await #expect(cache.get("b") == nil)
        for key in ["a", "c", "d"] { await #expect(cache.get(key) == [1], "\(key)") }
    }

    @Test("bytes are bounded too, and one value that is too large is not kept")
    func bytes() {
        var entries = LRUEntries(mostEntries: 1000, mostBytes: 10_000)
        let now = Timestamp(seconds: 0)
        for number in 0..<100 { entries.set("key \(number)", [UInt8](repeating: 0, count: 1000), expiresAt: nil) }
        #expect(entries.bytes <= 10_000)
        #expect(entries.count == 8)
        let (newest, oldest) = (entries.value(of: "key 99", at: now), entries.value(of: "key 91", at: now))
        #expect(newest != nil)
        #expect(oldest == nil)
        entries.set("key 99", [UInt8](repeating: 0, count: 5000), expiresAt: nil)
        let tooLarge = entries.value(of: "key 99", at: now)
        #expect(tooLarge == nil)
        #expect(entries.count == 7)
        for number in 0..<100 { entries.remove("key \(number)") }
        #expect(entries.bytes == 0)
        #expect(entries.count == 0)
    }

    @Test("ten thousand random steps agree with a plain list")
    func model() {
        var random = SystemRandomNumberGenerator()
        var entries = LRUEntries(mostEntries: 20, mostBytes: 1 << 20)
        var model: [(key: String, value: [UInt8])] = []
        let now = Timestamp(seconds: 0)
        for step in 0..<10_000 {
            let key = "k\(Int.random(in: 0..<40, using: &random))"
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                entries.set(key, [UInt8(truncatingIfNeeded: step)], expiresAt: nil)
                model.removeAll { $0.key == key }
                if model.count == 20 { model.removeFirst() }
                model.append((key, [UInt8(truncatingIfNeeded: step)]))
            case 1:
                entries.remove(key)
                model.removeAll { $0.key == key }
            default:
                let expected = model.first { $0.key == key }
                let found = entries.value(of: key, at: now)
                #expect(found == expected?.value)
                if let expected {
                    model.removeAll { $0.key == key }
                    model.append(expected)
                }
            }
            #expect(entries.count == model.count)
        }
    }
}
