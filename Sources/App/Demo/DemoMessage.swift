import Core

/// One request of the demonstration, and what its recipient did with the message.
struct DemoMessage: Sendable {
    enum Reaction: Sendable {
        case none, delivered, opened, clicked
    }

    var client: DemoClient
    /// When the request came in.
    var at: Timestamp
    var type: String
    var urgency: Urgency?
    /// Not before this moment.
    var sendAt: Timestamp?
    var context: String
    var reaction = Reaction.none
    var isCancelled = false

    private static let day: Int64 = 86_400

    /// Everything that was asked for up to `now`, oldest first, then what is asked for right now.
    static func all(now: Timestamp) -> [DemoMessage] {
        var messages: [DemoMessage] = []
        for (index, client) in DemoClient.all.enumerated() {
            messages += journey(of: client, index: Int64(index), now: now)
        }
        messages += [
            failure(now: now.adding(seconds: -6 * day))
        ]
        messages += reminders(now: now)
        messages.sort { $0.at < $1.at }
        return messages
    }

    /// Welcome, budget, vendors, selection, blueprint, reminder: the steps of a planning, some days apart.
    private static func journey(of client: DemoClient, index: Int64, now: Timestamp) -> [DemoMessage] {
        let steps: [(day: Int64, type: String, context: String)] = [
            (0, "welcome", DemoContext.welcome(client)),
            (3, "budget_summary", DemoContext.budget(client)),
            (7, "vendor_options", DemoContext.vendors(client)),
            (11, "selection_confirmation", DemoContext.selection(client)),
            (16, "blueprint_delivery", DemoContext.blueprint(client)),
            (20, "reminder", DemoContext.reminder(client, "confirm the number of guests")),
        ]
        // Requests come at all hours; the rules find the time that suits the client.
        let begin = now.adding(seconds: -client.since * day).adding(seconds: index * 4_507 % day)
        return steps.prefix(client.steps).enumerated().map { place, step in
            let last = place == client.steps - 1
            let reactions: [Reaction] = last ? [.delivered, .none] : [.clicked, .opened, .clicked, .delivered]
            return DemoMessage(
                client: client, at: min(begin.adding(seconds: step.day * day), now.adding(seconds: -1800)), type: step.type, urgency: nil,
                context: step.context, reaction: reactions[(Int(index) + place) % reactions.count])
        }
    }

    private static func failure(now: Timestamp) -> DemoMessage {
        let client = DemoClient.all[1]
        return DemoMessage(
            client: client, at: now, type: "error_notification", urgency: .critical, context: DemoContext.trouble(client),
            reaction: .delivered)
    }

    /// LOW messages that travel together, some for later, and one that was called back.
    private static func reminders(now: Timestamp) -> [DemoMessage] {
        let ruiz = DemoClient.all[3]
        var messages = ["choose the flowers", "send us the song list", "confirm the menu"].enumerated().map { place, action in
            DemoMessage(
                client: ruiz, at: now.adding(seconds: -5 * day + Int64(place) * 600), type: "reminder", urgency: .low,
                context: DemoContext.reminder(ruiz, action), reaction: .opened)
        }
        for (index, days) in [(0, 2), (4, 3), (7, 6), (8, 10)] as [(Int, Int64)] {
            let client = DemoClient.all[index]
            messages.append(
                DemoMessage(
                    client: client, at: now.adding(seconds: -600), type: "reminder", urgency: .normal,
                    sendAt: now.adding(seconds: days * day),
                    context: DemoContext.reminder(client, "look at your plan"), isCancelled: index == 8))
        }
        return messages
    }
}
