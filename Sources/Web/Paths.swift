/// Every path of the server, once: routing, links and the OpenAPI document take them from here.
///
/// The raw value is the template as OpenAPI writes it; `{name}` is a path parameter.
public enum Path: String, Sendable, Hashable, CaseIterable {
    case landing = "/"
    case health = "/healthz"
    case readiness = "/readyz"
    case metrics = "/metrics"
    case openAPI = "/openapi.json"

    case business = "/api/crm/business"

    case clients = "/api/crm/clients"
    case client = "/api/crm/clients/{client_id}"
    case clientTimeline = "/api/crm/clients/{client_id}/timeline"
    case clientExport = "/api/crm/clients/{client_id}/export"

    case preferences = "/api/crm/preferences"
    case clientPreferences = "/api/crm/preferences/{client_id}"

    case communications = "/api/crm/communications"
    case communicationBatch = "/api/crm/communications/batch"
    case communication = "/api/crm/communications/{communication_id}"
    case communicationCancel = "/api/crm/communications/{communication_id}/cancel"
    case communicationRetry = "/api/crm/communications/{communication_id}/retry"

    case messageTypes = "/api/crm/message-types"
    case messageType = "/api/crm/message-types/{name}"

    case templates = "/api/crm/templates"
    case template = "/api/crm/templates/{channel}/{name}"
    case templateVersions = "/api/crm/templates/{channel}/{name}/versions"
    case templateActivate = "/api/crm/templates/{channel}/{name}/versions/{version}/activate"
    case templatePreview = "/api/crm/templates/{channel}/{name}/preview"

    case whatsAppMappings = "/api/crm/whatsapp/mappings"
    case whatsAppMapping = "/api/crm/whatsapp/mappings/{message_type}"
    case whatsAppTemplates = "/api/crm/whatsapp/templates"
    case whatsAppTemplateSync = "/api/crm/whatsapp/templates/sync"
    case cacheStatistics = "/api/crm/cache/stats"

    case workflowEvents = "/api/crm/workflow/events"
    case workflowPlan = "/api/crm/workflow/plans/{plan_id}"

    case replies = "/api/crm/replies"
    case reply = "/api/crm/replies/{reply_id}"
    case replyResolve = "/api/crm/replies/{reply_id}/resolve"
    case replyPatterns = "/api/crm/reply-patterns"

    case twilioStatus = "/api/crm/webhooks/twilio/status"
    case twilioInbound = "/api/crm/webhooks/twilio/inbound"
    case whatsAppWebhook = "/api/crm/webhooks/whatsapp"

    case webhookEndpoints = "/api/crm/webhook-endpoints"
    case webhookEndpoint = "/api/crm/webhook-endpoints/{endpoint_id}"
    case webhookEndpointSecret = "/api/crm/webhook-endpoints/{endpoint_id}/secret"
    case webhookEndpointRotateSecret = "/api/crm/webhook-endpoints/{endpoint_id}/rotate-secret"
    case webhookEndpointTest = "/api/crm/webhook-endpoints/{endpoint_id}/test"
    case webhookEndpointEnable = "/api/crm/webhook-endpoints/{endpoint_id}/enable"
    case webhookEndpointDisable = "/api/crm/webhook-endpoints/{endpoint_id}/disable"
    case webhookEndpointReplay = "/api/crm/webhook-endpoints/{endpoint_id}/replay"
    case webhookEndpointDeliveries = "/api/crm/webhook-endpoints/{endpoint_id}/deliveries"
    case webhookEndpointRetry = "/api/crm/webhook-endpoints/{endpoint_id}/deliveries/{event_id}/retry"

    case sandbox = "/sandbox"
    case sandboxSignIn = "/sandbox/sign-in"
    case sandboxSignOut = "/sandbox/sign-out"
    case sandboxMessage = "/sandbox/messages/{message_id}"
    case sandboxMessageHTML = "/sandbox/messages/{message_id}/html"

    case signIn = "/sign-in"
    case signInCode = "/sign-in/code"
    case signOut = "/sign-out"
    case switchBusiness = "/switch-business"
    case accountPage = "/account"
    case accountPassword = "/account/password"
    case accountName = "/account/name"
    case accountTOTP = "/account/two-factor"
    case accountTOTPConfirm = "/account/two-factor/confirm"
    case accountTOTPDisable = "/account/two-factor/disable"
    case accountRecoveryCodes = "/account/recovery-codes"
    case accountEndSession = "/account/sessions/end"
    case clientsPage = "/clients"
    case clientPage = "/clients/{client_id}"
    case clientPagePreferences = "/clients/{client_id}/preferences"
    case auditPage = "/audit"

    case usersPage = "/users"
    case usersPageInvite = "/users/invite"
    case usersPageRole = "/users/role"
    case usersPageAccess = "/users/access"
    case usersPageReset = "/users/reset"
    case usersPageRemove = "/users/remove"
    case usersPageRevoke = "/users/invitations/revoke"
    case invitationPage = "/invitation/{token}"
    case reset = "/reset"
    case resetPage = "/reset/{token}"

    case users = "/api/crm/users"
    case user = "/api/crm/users/{user_id}"
    case userPasswordReset = "/api/crm/users/{user_id}/password-reset"
    case invitations = "/api/crm/invitations"
    case invitation = "/api/crm/invitations/{invitation_id}"

    case stylesheet = "/assets/pages.css"
    case preferencesScript = "/assets/preferences.js"
}
