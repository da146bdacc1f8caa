import Core
import Storage

/// A client of the demonstration business, with their event and how far its planning has come.
struct DemoClient: Sendable {
    var id: String
    var name: String
    var email: String?
    var phone: String?
    var language: String
    var timezone: String
    var tags: [String]
    var event: String
    var eventDate: String
    var place: String
    var guests: Int
    /// Days ago on which the planning began.
    var since: Int64
    /// How many of the journey's steps have been taken.
    var steps: Int
    var preferences = PreferencesUpdate()

    var plan: String { "PL-" + id.uppercased() }
    var link: String { "https://wildflower.example/p/\(id)" }

    /// Addresses of domains and number ranges that are reserved for examples.
    static let all: [DemoClient] = [
        DemoClient(
            id: "okafor", name: "Ada Okafor", email: "ada@okafor.example", phone: "+442079460101", language: "en",
            timezone: "Europe/London",
            tags: ["wedding", "vip"], event: "wedding", eventDate: "12 June 2027", place: "Lakeside Hall", guests: 120, since: 38, steps: 6,
            preferences: PreferencesUpdate(preferredChannels: [.email, .sms])),
        DemoClient(
            id: "brandt", name: "Jonas Brandt", email: "jonas@brandt.example", phone: "+493023125101", language: "de",
            timezone: "Europe/Berlin", tags: ["company"], event: "summer party", eventDate: "3 July 2027", place: "Spreehalle", guests: 200,
            since: 35, steps: 6),
        DemoClient(
            id: "moreau", name: "Claire Moreau", email: "claire@moreau.example", phone: "+33199005101", language: "fr",
            timezone: "Europe/Paris", tags: ["birthday"], event: "birthday", eventDate: "21 May 2027", place: "Le Verger", guests: 45,
            since: 31, steps: 5, preferences: PreferencesUpdate(quietHoursStart: LocalTime("20:00"), quietHoursEnd: LocalTime("09:30"))),
        DemoClient(
            id: "ruiz", name: "Lucía Ruiz", email: "lucia@ruiz.example", phone: "+34910005101", language: "es", timezone: "Europe/Madrid",
            tags: ["wedding"], event: "wedding", eventDate: "18 September 2027", place: "Finca Olivar", guests: 160, since: 28, steps: 5),
        DemoClient(
            id: "sharma", name: "Priya Sharma", email: "priya@sharma.example", phone: "+911155501010", language: "hi",
            timezone: "Asia/Kolkata", tags: ["wedding", "vip"], event: "wedding", eventDate: "28 November 2027", place: "Rose Garden",
            guests: 400, since: 27, steps: 5, preferences: PreferencesUpdate(preferredChannels: [.whatsapp, .email])),
        DemoClient(
            id: "haddad", name: "Omar Haddad", email: "omar@haddad.example", phone: "+97145550101", language: "ar", timezone: "Asia/Dubai",
            tags: ["company"], event: "gala", eventDate: "9 October 2027", place: "Creek Pavilion", guests: 250, since: 24, steps: 5),
        DemoClient(
            id: "tanaka", name: "Yui Tanaka", email: "yui@tanaka.example", phone: nil, language: "en", timezone: "Asia/Tokyo",
            tags: ["anniversary"], event: "anniversary", eventDate: "4 April 2027", place: "Garden of Pines", guests: 30, since: 21,
            steps: 5),
        DemoClient(
            id: "miller", name: "Grace Miller", email: "grace@miller.example", phone: "+12025550101", language: "en",
            timezone: "America/New_York", tags: ["wedding"], event: "wedding", eventDate: "5 June 2027", place: "Harbor Barn", guests: 90,
            since: 18, steps: 4, preferences: PreferencesUpdate(optOutSMS: true)),
        DemoClient(
            id: "garcia", name: "Mateo García", email: "mateo@garcia.example", phone: "+13105550102", language: "es",
            timezone: "America/Los_Angeles", tags: ["birthday"], event: "birthday", eventDate: "14 August 2027", place: "Casa Verde",
            guests: 60, since: 15, steps: 4),
        // The mailbox does not exist: e-mail fails, the message goes on by SMS.
        DemoClient(
            id: "novak", name: "Petra Novak", email: "petra@gone.example", phone: "+420222555101", language: "en",
            timezone: "Europe/Prague", tags: ["company"], event: "conference dinner", eventDate: "22 April 2027", place: "Glass House",
            guests: 80, since: 12, steps: 3),
        // The mailbox does not exist and there is nothing else: failed, for someone to look at.
        DemoClient(
            id: "silva", name: "Rui Silva", email: "rui@gone.example", phone: nil, language: "en", timezone: "Europe/Lisbon",
            tags: ["wedding"], event: "wedding", eventDate: "30 July 2027", place: "Quinta do Mar", guests: 70, since: 9, steps: 2),
        // Said no to everything: accepted and suppressed.
        DemoClient(
            id: "larsen", name: "Ingrid Larsen", email: "ingrid@larsen.example", phone: "+4721555101", language: "en",
            timezone: "Europe/Oslo", tags: ["anniversary"], event: "anniversary", eventDate: "16 May 2027", place: "Fjord Lodge",
            guests: 25, since: 7, steps: 2,
            preferences: PreferencesUpdate(optOutEmail: true, optOutSMS: true, optOutWhatsApp: true)),
    ]
}
