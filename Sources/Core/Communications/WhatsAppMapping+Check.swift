extension WhatsAppMapping {
    /// What WhatsApp would refuse (132000, 132012) or not allow, by the template as the account has it; empty: it fits.
    ///
    /// - Parameter category: of the message type; nil where it is not known.
    public func problems(with template: WhatsAppTemplate, category: MessageCategory?) -> [FieldError] {
        var problems: [FieldError] = []
        func note(_ field: String, _ message: String) { problems.append(FieldError(field: field, message: message)) }
        if template.category == "AUTHENTICATION" { note("template", "is for one-time passwords only") }
        // Promotion under a utility template is what accounts are blocked for.
        if category == .marketing, let kind = template.category, kind == "UTILITY" {
            note("template", "must be one of WhatsApp's category MARKETING, as the message type is")
        }
        guard let shape = WhatsAppTemplateShape(template) else { return problems }
        checkHeader(shape, note)
        checkBody(shape, note)
        checkButtons(shape, note)
        return problems
    }

    private func checkHeader(_ shape: WhatsAppTemplateShape, _ note: (String, String) -> Void) {
        switch (shape.header, template.header) {
        case (.none, .none), (.document, .document), (.image, .image): return
        case (.text(let names), .text(let parameter)):
            guard names.count == 1 else { return note("header", "must fill \(names.count) placeholders, which can not be mapped") }
            if Int(names[0]) == nil, parameter.name != names[0] { note("header.name", "must be \(names[0])") }
            if Int(names[0]) != nil, parameter.name != nil { note("header.name", "must be absent: the template's placeholder is numbered") }
        case (.none, .some): note("header", "must be absent: the template's header takes nothing")
        case (.text, _): note("header", "must be of the type text")
        case (.document, _): note("header", "must be of the type document")
        case (.image, _): note("header", "must be of the type image")
        case (.other(let format), _): note("header", "is a \(format) in this template, which can not be mapped")
        }
    }

    private func checkBody(_ shape: WhatsAppTemplateShape, _ note: (String, String) -> Void) {
        let given = template.body
        if shape.hasNamedParameters {
            let missing = shape.body.filter { name in !given.contains { $0.name == name } }
            let unknown = given.filter { parameter in !shape.body.contains { $0 == parameter.name } }
            if !missing.isEmpty { note("body", "must fill \(missing.joined(separator: ", "))") }
            for name in unknown.map({ $0.name ?? "a parameter without a name" }) {
                note("body", "has \(name), which the template does not have")
            }
        } else if given.contains(where: { $0.name != nil }) {
            note("body", "must be a list of texts: the template's placeholders are numbered")
        } else if given.count != shape.body.count {
            note("body", "must have \(shape.body.count) parameters, as the template has")
        }
    }

    private func checkButtons(_ shape: WhatsAppTemplateShape, _ note: (String, String) -> Void) {
        for (place, button) in template.buttons.enumerated() {
            guard button.index < shape.buttons.count else {
                note("buttons[\(place)].index", "is beyond the template's \(shape.buttons.count) buttons")
                continue
            }
            switch (button, shape.buttons[button.index]) {
            case (.url, .url(takesSuffix: true)), (.quickReply, .quickReply): continue
            case (.url, .url(takesSuffix: false)): note("buttons[\(place)]", "must be absent: the button's address takes nothing")
            default: note("buttons[\(place)].type", "is not what the template has at this index")
            }
        }
        for (index, button) in shape.buttons.enumerated() {
            guard button == .url(takesSuffix: true), !template.buttons.contains(where: { $0.index == index }) else { continue }
            note("buttons", "must give the suffix of the button with the index \(index)")
        }
    }
}
