import Core

/// Everything that clients read on public pages, by the names that the translation files use.
public enum Phrase: String, Sendable, Hashable, CaseIterable {
    case languageName = "language_name"

    case email
    case sms
    case whatsapp
    case byEmail = "by_email"
    case bySMS = "by_sms"
    case byWhatsApp = "by_whatsapp"
    case twoWays = "two_ways"
    case list

    case effective
    case effectiveAlways = "effective_always"
    case effectiveNever = "effective_never"
    case effectiveUrgent = "effective_urgent"
    case effectiveMarketing = "effective_marketing"
    case effectiveNoMarketing = "effective_no_marketing"
    case effectiveWithoutTopics = "effective_without_topics"

    case preferencesTitle = "preferences_title"
    case preferencesIntro = "preferences_intro"
    case effectiveTitle = "effective_title"
    case saved
    case savedConfirmation = "saved_confirmation"
    case errorsTitle = "errors_title"
    case channelsTitle = "channels_title"
    case channelsHint = "channels_hint"
    case firstChoice = "first_choice"
    case secondChoice = "second_choice"
    case thirdChoice = "third_choice"
    case noChoice = "no_choice"
    case stopTitle = "stop_title"
    case stopHint = "stop_hint"
    case stopEmail = "stop_email"
    case stopSMS = "stop_sms"
    case stopWhatsApp = "stop_whatsapp"
    case marketingTitle = "marketing_title"
    case marketingConfirm = "marketing_confirm"
    case marketingEmail = "marketing_email"
    case marketingSMS = "marketing_sms"
    case marketingWhatsApp = "marketing_whatsapp"
    case topicsTitle = "topics_title"
    case topicsHint = "topics_hint"
    case timeTitle = "time_title"
    case timezone
    case quietStart = "quiet_start"
    case quietEnd = "quiet_end"
    case quietHint = "quiet_hint"
    case languageTitle = "language_title"
    case language
    case save

    case errorTimezone = "error_timezone"
    case errorQuietStart = "error_quiet_start"
    case errorQuietEnd = "error_quiet_end"
    case errorLanguage = "error_language"
    case errorChannel = "error_channel"
    case errorChannelTwice = "error_channel_twice"
    case errorTopic = "error_topic"
    case errorForm = "error_form"

    case unsubscribeTitle = "unsubscribe_title"
    case unsubscribeQuestion = "unsubscribe_question"
    case unsubscribeButton = "unsubscribe_button"
    case unsubscribedTitle = "unsubscribed_title"
    case unsubscribedText = "unsubscribed_text"
    case unsubscribedRest = "unsubscribed_rest"
    case stopAllQuestion = "stop_all_question"
    case stopAllButton = "stop_all_button"
    case stoppedTitle = "stopped_title"
    case stoppedText = "stopped_text"
    case toPreferences = "to_preferences"

    case confirmTitle = "confirm_title"
    case confirmQuestion = "confirm_question"
    case confirmButton = "confirm_button"
    case confirmNot = "confirm_not"
    case confirmedTitle = "confirmed_title"
    case confirmedText = "confirmed_text"
    case confirmOver = "confirm_over"

    case expiredTitle = "expired_title"
    case expiredText = "expired_text"
    case renewButton = "renew_button"
    case renewedTitle = "renewed_title"
    case renewedText = "renewed_text"
    case renewLater = "renew_later"
    case unknownTitle = "unknown_title"
    case unknownText = "unknown_text"
    case unavailableTitle = "unavailable_title"
    case unavailableText = "unavailable_text"
    case contact
}

extension Phrase {
    /// A channel's name.
    public static func name(of channel: Channel) -> Phrase {
        switch channel {
        case .email: .email
        case .sms: .sms
        case .whatsapp: .whatsapp
        }
    }

    /// A channel as the way that something comes: by e-mail, on WhatsApp.
    public static func way(_ channel: Channel) -> Phrase {
        switch channel {
        case .email: .byEmail
        case .sms: .bySMS
        case .whatsapp: .byWhatsApp
        }
    }
}
