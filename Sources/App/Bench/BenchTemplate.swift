/// The message of the measurements: a type and a template of their own, so that a mail has about 4 kB whatever the
/// built-in templates grow to.
enum BenchTemplate {
    static func install(on server: ServerProcess) throws {
        try put("/api/crm/message-types/bench", #"{"category":"transactional","urgency":"critical","channels":["email"]}"#, server)
        var template = "{\"language\":\"en\",\"subject_template\":\"Budget strategies for your {{event_type}}\","
        template += "\"text_template\":\(quoted(text)),\"content_template\":\(quoted(html))}"
        try put("/api/crm/templates/email/bench", template, server)
    }

    static func put(_ path: String, _ body: String, _ server: ServerProcess) throws {
        let answer = try PlainHTTP.send("PUT", path, body: body, port: server.port, apiKey: server.apiKey)
        guard (200..<300).contains(answer.status) else { throw BenchFailure("\(path) answered \(answer.status): \(answer.body)") }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text {
            switch character {
            case "\"": quoted += "\\\""
            case "\n": quoted += "\\n"
            default: quoted.append(character)
            }
        }
        return quoted + "\""
    }

    private static let html = """
        <!DOCTYPE html>
        <html lang="{{language}}"><head><meta charset="UTF-8"><title>{{event_type}}</title>
        <style>body{font-family:Helvetica,Arial,sans-serif;color:#222}td{padding:4px 8px}</style></head>
        <body><table role="presentation" width="100%"><tr><td>
        <h1>Hello {{client_name}},</h1>
        <p>here are the budget strategies for your {{event_type}} on {{event_date}}.</p>
        {{#budget_allocations}}
        <h2>{{name}}: {{total}}</h2><p>{{description}}</p>
        <table role="presentation" width="100%">
        {{#categories}}
        <tr><td width="30%">{{category}}</td><td bgcolor="{{brand_color}}" width="{{percent}}%"></td><td>{{amount}}</td></tr>
        {{/categories}}
        </table>
        {{/budget_allocations}}
        <p>{{note}}</p><p><a href="{{link}}">See your plan</a></p>
        <p>{{business_name}}</p>
        </td></tr></table></body></html>
        """

    private static let text = """
        Hello {{client_name}},

        here are the budget strategies for your {{event_type}} on {{event_date}}.
        {{#budget_allocations}}

        {{name}}: {{total}}
        {{description}}
        {{#categories}}
        - {{category}}: {{amount}}
        {{/categories}}
        {{/budget_allocations}}

        {{note}}
        See your plan: {{link}}

        {{business_name}}
        """
}
