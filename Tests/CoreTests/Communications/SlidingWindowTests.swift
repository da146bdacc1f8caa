import Core
import TestSupport
import Testing

@Suite("Sliding windows")
struct SlidingWindowTests {
    private static let start = Timestamp(seconds: 1_772_452_800)

    /// Every use there ever was, for counting by hand.
    private struct Ledger {
        var uses: [(at: Int64, messages: Int)] = []

        /// The most that any window of that length holds; it is enough to look at those that end with a use.
        func most(inAny window: Int64) -> Int {
            uses.indices.map { last in
                uses[...last].reduce(0) { $0 + (uses[last].at - $1.at < window ? $1.messages : 0) }
            }.max() ?? 0
        }
    }

    @Test("whatever the order of takes and pauses, no window of that length holds more than the rate", arguments: 1...40)
    func never(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let rate = MessageRate(messages: Int.random(in: 1...30, using: &random), seconds: Int.random(in: 1...100, using: &random))
        var (now, ledger, kept) = (Self.start, Ledger(), [SlidingWindow.Slot]())
        for _ in 0..<600 {
            // As the store does it: made anew of what is kept, each time.
            var window = SlidingWindow(rate: rate, slots: kept.shuffled(using: &random), at: now)
            let take = min(window.free(out: 0), Int.random(in: 0...rate.messages, using: &random))
            window.record(take, at: now)
            if take > 0 { ledger.uses.append((now.milliseconds, take)) }
            kept = window.slots
            #expect(kept.count <= 62)
            now = now.adding(milliseconds: Int64.random(in: 0...max(1, rate.window / 20), using: &random))
        }
        #expect(ledger.most(inAny: rate.window) <= rate.messages)
        #expect(!ledger.uses.isEmpty)
    }

    @Test("who always waits for the moment that it names gets at least 59 of 60 of the rate", arguments: 1...20)
    func lively(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let rate = MessageRate(messages: Int.random(in: 1...200, using: &random), seconds: Int.random(in: 1...3600, using: &random))
        var (now, taken, window) = (Self.start, 0, SlidingWindow(rate: rate, at: Self.start))
        let end = Self.start.adding(milliseconds: rate.window * 20)
        while now < end {
            window = SlidingWindow(rate: rate, slots: window.slots, at: now)
            if window.free(out: 0) > 0 {
                window.record(1, at: now)
                taken += 1
            }
            let wait = try #require(window.nextFree(out: 0, at: now))
            #expect(wait >= 0)
            // Somewhat later than named, as a program is.
            now = now.adding(milliseconds: wait > 0 ? wait : Int64.random(in: 1...max(1, rate.window / 500), using: &random))
        }
        #expect(Double(taken) >= 20.0 * Double(rate.messages) * 59 / 60 - Double(rate.messages))
        #expect(Double(taken) >= 20.0 * Double(rate.messages) * 0.9)
    }

    @Test("permits that are out count, and when they alone stand in the way there is no moment to wait for")
    func out() {
        let rate = MessageRate(messages: 3, seconds: 10)
        var window = SlidingWindow(rate: rate, at: Self.start)
        window.record(1, at: Self.start)
        #expect(window.free(out: 1) == 1)
        #expect(window.free(out: 2) == 0)
        #expect(window.nextFree(out: 2, at: Self.start) == 10_000)
        #expect(window.nextFree(out: 3, at: Self.start) == nil)
        #expect(window.free(out: 900) == 0)
    }

    @Test("a slot counts until a whole window after its last use, and not longer")
    func edges() {
        let rate = MessageRate(messages: 1, seconds: 1)
        var window = SlidingWindow(rate: rate, at: Self.start)
        window.record(1, at: Self.start)
        func free(after milliseconds: Int64) -> Int {
            SlidingWindow(rate: rate, slots: window.slots, at: Self.start.adding(milliseconds: milliseconds)).free(out: 0)
        }
        #expect(free(after: 999) == 0)
        #expect(free(after: 1000) == 1)
    }

    @Test("a clock that was set back delays for one window at most, and gives nothing for free")
    func clockSetBack() {
        let rate = MessageRate(messages: 5, seconds: 60)
        var window = SlidingWindow(rate: rate, at: Self.start)
        window.record(5, at: Self.start)
        let yesterday = Self.start.adding(seconds: -86_400)
        let back = SlidingWindow(rate: rate, slots: window.slots, at: yesterday)
        #expect(back.free(out: 0) == 0)
        #expect(back.nextFree(out: 0, at: yesterday) == 60_000)
        let later = yesterday.adding(seconds: 60)
        #expect(SlidingWindow(rate: rate, slots: back.slots, at: later).free(out: 0) == 5)
    }

    @Test("the largest limits and the strangest stored numbers do not trap")
    func extremes() {
        let huge = MessageRate(messages: .max, seconds: .max)
        #expect(huge.messages == 1_000_000_000)
        let slots = [
            SlidingWindow.Slot(start: .min, lastAt: .min, messages: .max), SlidingWindow.Slot(start: .max, lastAt: .max, messages: .max),
            SlidingWindow.Slot(start: 0, lastAt: Self.start.milliseconds, messages: .max),
            SlidingWindow.Slot(start: 1, lastAt: Self.start.milliseconds, messages: -5),
        ]
        for now in [Self.start, Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)] {
            var window = SlidingWindow(rate: huge, slots: slots, at: now)
            window.record(.max, at: now)
            #expect(window.free(out: .max) == 0)
            _ = window.nextFree(out: .max, at: now)
        }
        #expect(MessageRate(messages: -3, seconds: 0) == MessageRate(messages: 1, seconds: 1))
    }

    @Test("a limit that became smaller holds at once, also over what was used under the old one")
    func smallerLimit() {
        var window = SlidingWindow(rate: MessageRate(messages: 100, seconds: 60), at: Self.start)
        window.record(50, at: Self.start)
        let now = Self.start.adding(seconds: 1)
        let smaller = SlidingWindow(rate: MessageRate(messages: 10, seconds: 60), slots: window.slots, at: now)
        #expect(smaller.free(out: 0) == 0)
        #expect(smaller.nextFree(out: 0, at: now) == 59_000)
    }
}
