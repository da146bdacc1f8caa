import Foundation
import NIOCore

/// The requests of a measurement: about 1.5 kB, rendered to an HTML and text mail of about 4 kB.
struct BenchRequests: Sendable {
    var apiKey: String
    /// Distinct clients that take turns.
    var clients = 5000
    var urgency = "critical"
    var sendAt: String?
    /// A zone in which it is about noon, so that quiet and business hours let everything pass at any time of day.
    var timezone = BenchRequests.zoneAtNoon(hour: Int(Date().timeIntervalSince1970 / 3600) % 24)

    static func zoneAtNoon(hour: Int) -> String {
        let offset = 12 - hour
        // The sign in these names is the other way round.
        return offset == 0 ? "Etc/UTC" : offset > 0 ? "Etc/GMT-\(offset)" : "Etc/GMT+\(-offset)"
    }

    func request(_ number: Int) -> ByteBuffer {
        let body = body(number)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(body.utf8.count + 256)
        buffer.writeString(
            """
            POST /api/crm/communications HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(apiKey)\r\n\
            Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
            """)
        return buffer
    }

    private func body(_ number: Int) -> String {
        let client = number % clients
        let time = sendAt.map { "\"send_at\":\"\($0)\"," } ?? ""
        return """
            {"client_id":"bench-\(client)","plan_id":"plan-\(number % 1000)","message_type":"bench","urgency":"\(urgency)",\(time)\
            "preferred_channel":"email","recipient":{"name":"Client \(client)","email":"client\(client)@example.org","language":"en","timezone":"\(timezone)"},\
            "context":\(Self.context)}
            """
    }

    private static let context = """
        {"client_name":"Ada Lovelace","event_type":"garden wedding","event_date":"2027-06-12","link":"https://plans.example.org/p/42",\
        "budget_allocations":[\
        {"name":"Balanced","total":"€ 24,500","description":"Every part of the day gets its share.",\
        "categories":[{"category":"Venue","amount":"€ 8,600","percent":35},{"category":"Catering","amount":"€ 7,300","percent":30},\
        {"category":"Photography","amount":"€ 3,700","percent":15},{"category":"Flowers","amount":"€ 2,450","percent":10},\
        {"category":"Music","amount":"€ 2,450","percent":10}]},\
        {"name":"Venue first","total":"€ 24,500","description":"A place nobody forgets, everything else simple.",\
        "categories":[{"category":"Venue","amount":"€ 12,250","percent":50},{"category":"Catering","amount":"€ 6,125","percent":25},\
        {"category":"Photography","amount":"€ 2,450","percent":10},{"category":"Flowers","amount":"€ 1,225","percent":5},\
        {"category":"Music","amount":"€ 2,450","percent":10}]}],\
        "note":"Prices hold until the end of the month; the caterer needs the number of guests four weeks before the day."}
        """
}
