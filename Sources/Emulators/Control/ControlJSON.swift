import Core

extension ControlAPI {
    static func write(_ message: EmulatedMessage, _ json: inout JSONWriter) {
        json.object { json in
            json.member("id", message.id)
            json.member("provider", message.provider.rawValue)
            json.member("direction", message.direction.rawValue)
            json.member("from", message.from)
            json.member("to", message.to)
            json.member("kind", message.kind)
            json.member("body", message.body)
            json.member("template", message.template)
            json.member("media", message.media)
            json.member("status", message.status.rawValue)
            json.member("error_code", message.errorCode)
            json.member("messaging_service", message.messagingService)
            json.member("validity", message.validity)
            json.member("callback", message.callbackURL)
            json.member("reference", message.reference)
            json.member("created_at", message.createdAt.rfc3339)
            json.array("history") { json in
                for passage in message.passages {
                    json.object { json in
                        json.member("status", passage.status.rawValue)
                        json.member("at", passage.at.rfc3339)
                    }
                }
            }
            json.member("request", String(decoding: message.request, as: UTF8.self))
        }
    }

    static func counters(_ counters: EmulatorCounters) -> [UInt8] {
        var json = JSONWriter()
        func write(_ key: StaticString, _ values: [EmulatedProvider: Int], _ json: inout JSONWriter) {
            json.object(key) { json in
                json.member("twilio", values[.twilio] ?? 0)
                json.member("whatsapp", values[.whatsapp] ?? 0)
            }
        }
        json.object { json in
            write("sends", counters.sends, &json)
            write("taken", counters.taken, &json)
            write("refused", counters.refused, &json)
            write("finished", counters.finished, &json)
            json.member("callbacks", counters.callbacks)
            json.member("reported", counters.reported)
            json.member("callback_failures", counters.callbackFailures)
            json.member("callbacks_lost", counters.callbacksLost)
            json.member("callbacks_open", counters.callbacksOpen)
            json.member("unauthorized", counters.unauthorized)
            json.member("first_send", counters.firstSend?.rfc3339)
            json.member("last_send", counters.lastSend?.rfc3339)
        }
        return json.bytes
    }
}
