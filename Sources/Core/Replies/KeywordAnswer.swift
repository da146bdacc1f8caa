/// What a person is told after a keyword, in their language. Carriers demand the sender's name, and a way back after an opt-out.
public enum KeywordAnswer {
    /// - Parameters:
    ///   - business: its name; nil where several are concerned, since one's name is not the other's to tell.
    ///   - language: a BCP 47 tag; English stands in for languages that are not here.
    public static func stopped(business: String?, language: String) -> String {
        switch (Language(language), business) {
        case (.en, let name?): "\(name): you are unsubscribed and will get no more messages. Reply START to get them again."
        case (.en, nil): "You are unsubscribed and will get no more messages. Reply START to get them again."
        case (.de, let name?): "\(name): Sie sind abgemeldet und erhalten keine Nachrichten mehr. Mit START melden Sie sich wieder an."
        case (.de, nil): "Sie sind abgemeldet und erhalten keine Nachrichten mehr. Mit START melden Sie sich wieder an."
        case (.fr, let name?): "\(name) : vous êtes désinscrit et ne recevrez plus de messages. Répondez START pour les recevoir à nouveau."
        case (.fr, nil): "Vous êtes désinscrit et ne recevrez plus de messages. Répondez START pour les recevoir à nouveau."
        case (.es, let name?): "\(name): se ha dado de baja y no recibirá más mensajes. Responda START para volver a recibirlos."
        case (.es, nil): "Se ha dado de baja y no recibirá más mensajes. Responda START para volver a recibirlos."
        }
    }

    /// Confirms START.
    public static func started(business: String?, language: String) -> String {
        let name = business.map { "\($0): " } ?? ""
        return switch Language(language) {
        case .en: name + "you will get messages again. Reply STOP to end them, HELP for help."
        case .de: name + "Sie erhalten wieder Nachrichten. STOP beendet sie, HILFE hilft weiter."
        case .fr: name + "vous recevrez à nouveau des messages. Répondez STOP pour les arrêter, AIDE pour de l'aide."
        case .es: name + "volverá a recibir mensajes. Responda STOP para no recibir más, AYUDA para obtener ayuda."
        }
    }

    /// - Parameter contact: the business's support address; may be empty.
    public static func help(business: String, contact: String, language: String) -> String {
        let tail = contact.isEmpty ? "" : " \(contact)."
        return switch Language(language) {
        case .en: "\(business): for help contact us\(contact.isEmpty ? "." : " at\(tail)") Reply STOP to get no more messages."
        case .de: "\(business): Hilfe erhalten Sie bei uns\(contact.isEmpty ? "." : " unter\(tail)") Mit STOP melden Sie sich ab."
        case .fr: "\(business) : pour toute aide, contactez-nous\(contact.isEmpty ? "." : " :\(tail)") Répondez STOP pour vous désinscrire."
        case .es: "\(business): para obtener ayuda, contáctenos\(contact.isEmpty ? "." : " en\(tail)") Responda STOP para darse de baja."
        }
    }

    private enum Language {
        case en, de, fr, es

        init(_ tag: String) {
            switch tag.prefix(2).lowercased() {
            case "de": self = .de
            case "fr": self = .fr
            case "es": self = .es
            default: self = .en
            }
        }
    }
}
