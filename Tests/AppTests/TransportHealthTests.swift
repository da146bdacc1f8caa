import Core
import Testing

@testable import App

@Suite("What transports say of themselves")
struct TransportHealthTests {
    @Test("a transport that hangs keeps nobody from hearing the others, and each is asked once while its answer is fresh")
    func hanging() async {
        let (asked, asking) = AsyncStream<Channel>.makeStream()
        let (never, end) = AsyncStream<Void>.makeStream()
        let health = TransportHealth { channel in
            asking.yield(channel)
            if channel == .sms { for await _ in never {} }
            return channel == .whatsapp ? "no account" : nil
        }
        let hanging = Task { await health.problem(on: .sms) }
        // Only once it hangs are the others asked.
        var questions = asked.makeAsyncIterator()
        #expect(await questions.next() == .sms)
        for _ in 0..<2 {
            #expect(await health.problem(on: .email) == nil)
            #expect(await health.problem(on: .whatsapp) == "no account")
        }
        end.finish()
        #expect(await hanging.value == nil)
        asking.finish()
        var others: [Channel] = []
        while let channel = await questions.next() { others.append(channel) }
        #expect(others == [.email, .whatsapp])
    }
}
