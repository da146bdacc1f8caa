import Communications
import Core

/// The sandbox, where mailboxes of one domain do not exist.
final class DemoTransport: Transport {
    static let goneDomain = "@gone.example"

    private let sandbox: SandboxTransport

    init(_ sandbox: SandboxTransport) {
        self.sandbox = sandbox
    }

    var provider: String { sandbox.provider }
    var isSandbox: Bool { true }
    var capacity: Int { sandbox.capacity }

    func send(_ deliveries: [Delivery]) {
        var kept: [Delivery] = []
        for delivery in deliveries {
            if delivery.address.hasSuffix(Self.goneDomain) {
                delivery.complete(.failure(TransportFailure(category: .permanent, message: "rcptTo: 550 5.1.1 no such mailbox")))
            } else {
                kept.append(delivery)
            }
        }
        if !kept.isEmpty { sandbox.send(kept) }
    }

    func check() async -> String? {
        await sandbox.check()
    }

    func run() async {
        await sandbox.run()
    }

    func stop(within duration: Duration) async {
        await sandbox.stop(within: duration)
    }
}
