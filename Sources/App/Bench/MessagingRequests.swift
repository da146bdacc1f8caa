import Core
import NIOCore

/// Requests for short messages on one channel or on several by turns.
struct MessagingRequests: Sendable {
    var apiKey: String
    var channels: [Core.Channel]
    /// Distinct clients that take turns.
    var clients = 5000
    var timezone = BenchRequests(apiKey: "").timezone

    func request(_ number: Int) -> ByteBuffer {
        let channel = channels[number % channels.count]
        let client = number % clients
        let body = """
            {"client_id":"bench-\(client)","message_type":"bench_note","urgency":"critical","preferred_channel":"\(channel.rawValue)",\
            "recipient":{"name":"Client \(client)","email":"client\(client)@example.org","phone_number":"\(Self.phone(client))","language":"en",\
            "timezone":"\(timezone)"},"context":{"client_name":"Ada","link":"https://plans.example.org/p/\(number)"}}
            """
        return Self.post("/api/crm/communications", body, type: "application/json", headers: "Authorization: Bearer \(apiKey)\r\n")
    }

    /// A number that no emulator has magic for.
    static func phone(_ client: Int) -> String { "+1415\(2_000_000 + client % 7_000_000)" }

    static func post(_ path: String, _ body: String, type: String, headers: String) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(body.utf8.count + 320)
        buffer.writeString(
            """
            POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(headers)Content-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
            """)
        return buffer
    }
}
