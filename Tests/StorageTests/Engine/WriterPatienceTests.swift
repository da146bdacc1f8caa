import Core
import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite("How long the writer tries")
struct WriterPatienceTests {
    /// A store whose lock somebody else never gives back.
    private final class LockedStore: RoundStore {
        private let rounds: Rounds

        init(_ rounds: Rounds) {
            self.rounds = rounds
        }

        func perform(_ requests: [WriterRequest], now: Timestamp) throws(DatabaseError) -> RoundResult {
            rounds.count.add(1, ordering: .relaxed)
            throw .transient(details: "locked")
        }

        func close() {}
    }

    private final class Rounds: Sendable {
        let count = Atomic(0)
    }

    @Test(
        "a round that is not served is repeated at most six times and never beyond the writer's patience, and its caller hears of it",
        arguments: [(Duration.zero, 1), (.seconds(3_600), 7)])
    func patience(_ patience: Duration, rounds expected: Int) async throws {
        let rounds = Rounds()
        let writer = GroupCommitWriter(
            limit: 8, patience: patience, clock: TestClock().wallClock, counters: StorageCounters(), wakeUps: WakeUpHub(),
            eventWakeUps: WakeUpHub(), ledgerWakeUps: WakeUpHub(), name: "locked", makeStore: { LockedStore(rounds) })
        await #expect(throws: DatabaseError.unavailable(.timeout, details: "locked")) {
            _ = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<[CommunicationID], any Error>) in
                writer.submit(.extend(LeaseExtension(ids: [], token: 1, until: Timestamp(milliseconds: 0)), continuation))
            }
        }
        #expect(rounds.count.load(ordering: .relaxed) == expected)
        await writer.close()
    }

    @Test("a lock that PostgreSQL does not get in time is told to the caller after that time, not after seven of them")
    func lock() async throws {
        try await Fixture.with(.postgresql) { f in
            let (isHeld, held) = AsyncStream<Void>.makeStream()
            let end = DispatchSemaphore(value: 0)
            async let holder: Void = f.database.write { tx in
                _ = try tx.run("LOCK TABLE crm_clients IN ACCESS EXCLUSIVE MODE")
                held.finish()
                end.wait()
            }
            for await _ in isHeld {}
            await #expect(throws: DatabaseError.self) {
                try await f.database.write { tx in _ = try tx.run("UPDATE crm_clients SET name = name") }
            }
            #expect(f.database.statistics.retries == 0)
            end.signal()
            try await holder
        }
    }
}
