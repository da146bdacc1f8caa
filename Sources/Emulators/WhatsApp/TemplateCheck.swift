import Core

/// Checks the parameters of a template message against the template, and fills them in.
struct TemplateCheck {
    let template: EmulatedTemplate
    private(set) var text = ""
    private var header: JSONView?
    private var body: JSONView?
    private var buttons: [Int: JSONView] = [:]

    /// - Parameter components: `template.components` of the request; nil for none.
    init(_ template: EmulatedTemplate, components: JSONView?) throws(GraphError) {
        self.template = template
        if let components, components.kind != .array { throw GraphError(100, "components must be an array") }
        for component in components.map({ Array($0.elements) }) ?? [] {
            let parameters = component["parameters"]
            if let parameters, parameters.kind != .array { throw GraphError(100, "parameters must be an array") }
            switch component["type"]?.string?.lowercased() {
            case "header": header = parameters
            case "body": body = parameters
            case "button":
                guard let index = component["index"].flatMap({ $0.int64.map(Int.init) ?? $0.string.flatMap(Int.init) }),
                    template.buttons.indices.contains(index)
                else { throw GraphError(132_000, "there is no button of this index") }
                buttons[index] = parameters
            default: throw GraphError(100, "a component's type must be header, body or button")
            }
        }
        try checkHeader()
        let filled = EmulatedTemplate.fill(template.body, try values(body, of: template.body, in: "body"))
        guard filled.unicodeScalars.count <= 1024 else { throw GraphError(132_005, "the body with its parameters is too long") }
        try checkButtons()
        text = filled
    }

    private func checkHeader() throws(GraphError) {
        switch template.header {
        case nil:
            guard (header?.count ?? 0) == 0 else { throw GraphError(132_000, "header: 0 parameters are expected") }
        case .text(let text): _ = try values(header, of: text, in: "header")
        case let media?:
            let kind = media.format.lowercased()
            guard let parameter = header?.elements.first(where: { _ in true }), header?.count == 1 else {
                throw GraphError(132_012, "header: one parameter of type \(kind) is expected")
            }
            guard parameter["type"]?.string?.lowercased() == kind, let object = parameter[kind],
                object["id"]?.string != nil || object["link"]?.string.flatMap({ CallbackAddress($0) }) != nil
            else { throw GraphError(132_012, "header: expected \(kind.uppercased()) with id or link") }
        }
    }

    private func checkButtons() throws(GraphError) {
        for (index, button) in template.buttons.enumerated() {
            guard case .url(_, let url) = button, !EmulatedTemplate.placeholders(in: url).isEmpty else { continue }
            guard let parameters = buttons[index], parameters.count == 1,
                let suffix = parameters.elements.first(where: { _ in true })?["text"]?.string, !suffix.isEmpty
            else { throw GraphError(131_008, "buttons: button at index \(index) of type URL requires a parameter") }
        }
    }

    /// The text parameters by their place or name.
    private func values(_ parameters: JSONView?, of text: String, in part: String) throws(GraphError) -> [String: String] {
        let expected = EmulatedTemplate.placeholders(in: text)
        let given = parameters.map { Array($0.elements) } ?? []
        guard given.count == expected.count else {
            throw GraphError(
                132_000, "\(part): number of parameters (\(given.count)) does not match the expected number (\(expected.count))")
        }
        let isNamed = expected.contains { Int($0) == nil }
        var values: [String: String] = [:]
        for (index, parameter) in given.enumerated() {
            let name = isNamed ? parameter["parameter_name"]?.string : "\(index + 1)"
            guard let name, expected.contains(name), values[name] == nil else {
                throw GraphError(100, "\(part): a parameter's name is missing or not one of the template's")
            }
            values[name] = try Self.text(of: parameter, in: part)
        }
        return values
    }

    private static func text(of parameter: JSONView, in part: String) throws(GraphError) -> String {
        let text: String?
        switch parameter["type"]?.string?.lowercased() {
        case "text": text = parameter["text"]?.string
        case "currency": text = parameter["currency"]?["fallback_value"]?.string
        case "date_time": text = parameter["date_time"]?["fallback_value"]?.string
        default: throw GraphError(132_012, "\(part): a parameter of type text is expected")
        }
        guard let text, !text.isEmpty else { throw GraphError(131_008, "\(part): a parameter's text is missing") }
        guard !text.contains("\n"), !text.contains("\t"), !text.contains("     ") else {
            throw GraphError(132_012, "\(part): a parameter can not have line breaks, tabs or more than four consecutive spaces")
        }
        return text
    }
}
