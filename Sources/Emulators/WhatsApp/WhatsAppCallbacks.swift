import Core

/// The changes that the Cloud API posts.
struct WhatsAppCallbacks: Sendable {
    static let path = "/api/crm/webhooks/whatsapp"

    let account: WhatsAppAccount
    /// Where the product takes WhatsApp's webhooks; nil: nobody is told.
    let url: String?

    init(_ configuration: EmulatorConfiguration) {
        account = configuration.whatsApp
        url = configuration.callbackURL.map { CallbackAddress.withoutSlash($0) + Self.path }
    }

    /// A message's new status.
    func status(_ message: EmulatedMessage, _ status: MessageStatus, code: Int?, category: String, at now: Timestamp) -> Callback? {
        guard let url else { return nil }
        let value = value(phoneNumberID: message.from) { json in
            json.array("statuses") { json in
                json.object { json in
                    json.member("id", message.id)
                    json.member("status", status == .undelivered ? "failed" : status.rawValue)
                    json.member("timestamp", "\(now.seconds)")
                    json.member("recipient_id", Self.waID(message.to))
                    if let reference = message.reference { json.member("biz_opaque_callback_data", reference) }
                    if let code { Self.errors(code, &json) } else { Self.pricing(message, category, at: now, &json) }
                }
            }
        }
        return Callback(url: url, content: .change(change("messages", value)))
    }

    /// A message from a person.
    func inbound(_ message: EmulatedMessage, payload: String?, repliesTo: String?, profileName: String) -> [UInt8] {
        let value = value(phoneNumberID: message.to) { json in
            json.array("contacts") { json in
                json.object { json in
                    json.object("profile") { $0.member("name", profileName) }
                    json.member("wa_id", Self.waID(message.from))
                }
            }
            json.array("messages") { json in
                json.object { json in
                    if let repliesTo {
                        json.object("context") { json in
                            json.member("from", account.displayPhoneNumber)
                            json.member("id", repliesTo)
                        }
                    }
                    json.member("from", Self.waID(message.from))
                    json.member("id", message.id)
                    json.member("timestamp", "\(message.createdAt.seconds)")
                    json.member("type", message.kind == "list" ? "interactive" : message.kind)
                    Self.content(message, payload: payload, &json)
                }
            }
        }
        return change("messages", value)
    }

    func templateStatus(_ template: EmulatedTemplate, reason: String?) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("event", template.status)
            json.member("message_template_id", template.id)
            json.member("message_template_name", template.name)
            json.member("message_template_language", template.language)
            json.member("reason", reason ?? "NONE")
        }
        return change("message_template_status_update", json.bytes)
    }

    /// A person stops or resumes marketing messages.
    func preference(from person: String, stops: Bool, at now: Timestamp) -> [UInt8] {
        let value = value(phoneNumberID: account.phoneNumberID) { json in
            json.array("contacts") { json in
                json.object { json in
                    json.object("profile") { $0.member("name", "Emulated person") }
                    json.member("wa_id", Self.waID(person))
                }
            }
            json.array("user_preferences") { json in
                json.object { json in
                    json.member("wa_id", Self.waID(person))
                    json.member(
                        "detail", stops ? "User requested to stop marketing messages" : "User requested to resume marketing messages")
                    json.member("category", "marketing_messages")
                    json.member("value", stops ? "stop" : "resume")
                    json.member("timestamp", now.seconds)
                }
            }
        }
        return change("user_preferences", value)
    }

    private func value(phoneNumberID: String, _ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(capacity: 768)
        json.object { json in
            json.member("messaging_product", "whatsapp")
            json.object("metadata") { json in
                json.member("display_phone_number", account.displayPhoneNumber)
                json.member("phone_number_id", phoneNumberID)
            }
            members(&json)
        }
        return json.bytes
    }

    private func change(_ field: String, _ value: [UInt8]) -> [UInt8] {
        var json = JSONWriter(capacity: value.count + 64)
        json.object { json in
            json.member("value", raw: value)
            json.member("field", field)
        }
        return json.bytes
    }

    private static func content(_ message: EmulatedMessage, payload: String?, _ json: inout JSONWriter) {
        switch message.kind {
        case "button":
            json.object("button") { json in
                json.member("payload", payload ?? message.body)
                json.member("text", message.body)
            }
        case "interactive", "list":
            let isList = message.kind == "list"
            json.object("interactive") { json in
                json.member("type", isList ? "list_reply" : "button_reply")
                json.key(isList ? "list_reply" : "button_reply")
                json.object { json in
                    json.member("id", payload ?? message.body)
                    json.member("title", message.body)
                }
            }
        case "image", "document":
            json.key(message.kind == "image" ? "image" : "document")
            json.object { json in
                if !message.body.isEmpty { json.member("caption", message.body) }
                json.member("id", message.media.first ?? EmulatedID.hex(15))
                json.member("mime_type", message.kind == "image" ? "image/jpeg" : "application/pdf")
                json.member("sha256", EmulatedID.hex(64))
            }
        default: json.object("text") { $0.member("body", message.body) }
        }
    }

    private static func errors(_ code: Int, _ json: inout JSONWriter) {
        json.array("errors") { json in
            json.object { json in
                json.member("code", code)
                json.member("title", GraphError.title(of: code))
                json.member("message", GraphError.title(of: code))
                json.object("error_data") { $0.member("details", "Emulated failure") }
                json.member("href", "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/")
            }
        }
    }

    private static func pricing(_ message: EmulatedMessage, _ category: String, at now: Timestamp, _ json: inout JSONWriter) {
        json.object("conversation") { json in
            json.member("id", "emulated-\(waID(message.to))")
            json.member("expiration_timestamp", "\(now.seconds + 86_400)")
            json.object("origin") { $0.member("type", category) }
        }
        json.object("pricing") { json in
            json.member("billable", category != "service")
            json.member("pricing_model", "PMP")
            json.member("category", category)
        }
    }

    /// Digits only.
    static func waID(_ number: String) -> String { number.hasPrefix("+") ? String(number.dropFirst()) : number }
}
