"""Users and groups in unfold's forms, and the clinicians' pages."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin, UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import ManyToManyField, QuerySet
from django.db.models.functions import Now
from django.forms import ChoiceField
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from audit.events import record
from audit.models import EventName
from contacts.lookalikes import departments
from contacts.models import Clinician, ManagedDepartment
from staff.clinician.page import StaffClinicianAdmin
from staff.logins import passwords
from staff.logins.sign_on import links
from staff.models import RoleClaim, SignOnLink
from theme.guard import Guarded

FOUND = 302
"""The status of a redirect: something was saved."""

admin.site.register(Clinician, StaffClinicianAdmin)
admin.site.unregister(User)
admin.site.unregister(Group)


class DepartmentInline(TabularInline):
    """The departments whose alerts the user may see as a ward manager."""

    model = ManagedDepartment
    extra = 1
    verbose_name_plural = "Departments (for ward managers: they see the alerts of these)"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "name":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        managed = ManagedDepartment.objects.order_by().values_list("name", flat=True).distinct()
        names = sorted({*departments.one_spelling_each(), *managed})
        choices = [("", "Choose a department"), *((name, name) for name in names)]
        widget = UnfoldAdminSelectWidget(attrs={"aria-label": "Department"})  # a row's cells have no labels
        return ChoiceField(label="Department", choices=choices, widget=widget)


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], Guarded):
    """Users are never deleted, so that the log still says who did what."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    # Permissions come from groups alone: those of a single user would not be seen in any list.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Name", {"fields": ("first_name", "last_name", "email")}),
        (
            "Permissions",
            {
                "fields": ("is_active", "is_staff", "is_superuser", "groups"),
                "description": "Users cannot be deleted, so that the log still says who did what. When somebody "
                "leaves, untick “Active”: they are logged out at once, and cannot log in again.",
            },
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    inlines = (DepartmentInline,)
    readonly_fields = ("last_login", "date_joined")  # facts: Bleep noted them
    # Without Django's choice between a password and single sign-on, which makes its own users.
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2")}),)
    filter_horizontal = ()
    list_display = ("username", "first_name", "last_name", "roles", "is_active", "is_staff", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    actions = ("forget_factors", "link_to_sign_on")

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        found: QuerySet[User] = super().get_queryset(request)
        return found.prefetch_related("groups")

    @display(description="Roles")
    def roles(self, user: User) -> str:
        """The groups of the user, which say what they may do."""
        if user.is_superuser:
            return "Superuser: everything"
        return ", ".join(sorted(group.name for group in user.groups.all())) or "None"

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.is_staff = True  # without it a login opens no page of Bleep
        super().save_model(request, obj, form, change)

        if not change and obj.has_usable_password():
            passwords.set_by_another(obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Have the user change a password that somebody else has set."""
        response: HttpResponse = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == FOUND and id != str(request.user.pk):
            passwords.set_by_another(User.objects.get(pk=id))
        return response

    @admin.action(description="Remove second factors: their phone or key is lost", permissions=["change"])
    def forget_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Remove the user's second factors. They set up others at the next login, if they need one."""
        for user in queryset:
            if Authenticator.objects.filter(user=user).delete()[0]:
                self.log_change(request, user, "Removed all second factors.")
                record(
                    EventName.PERMISSION_CHANGED,
                    kind="auth.user",
                    object_id=user.pk,
                    detail="-second factors: all",
                )
        self.message_user(request, "Their second factors are removed.")

    @admin.action(description="Link to single sign-on: at their next login by it", permissions=["link"])
    def link_to_sign_on(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let the user's next login by single sign-on keep this login, with its history, instead of making a new
        one.
        """
        for user in queryset.filter(socialaccount__isnull=True):
            SignOnLink.objects.update_or_create(user=user, defaults={"allowed_at": Now()})
            self.log_change(request, user, "Opened for single sign-on.")
        self.message_user(
            request,
            f"For {links.OPEN.days} days, a person who logs in by single sign-on with this name gets this login; or "
            "one with this e-mail address, if it is verified there.",
        )

    def has_link_permission(self, request: HttpRequest) -> bool:
        """Only superusers may: it may give somebody else everything that the login may do."""
        return bool(request.user.is_superuser and settings.OIDC_ISSUER)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "groups":  # there are few, so all are shown
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups" and field is not None:
            field.help_text = "This user has the permissions of all selected groups."
        return field


@admin.register(RoleClaim)
class RoleClaimAdmin(Guarded):
    """The groups that people are put into by claims of single sign-on."""

    list_display = ("value", "group")
    list_select_related = ("group",)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        claim = f"Looked up in the claim “{settings.OIDC_ROLES_CLAIM}” at each login."
        return super().changelist_view(request, {"subtitle": claim, **(extra_context or {})})


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, Guarded):
    """The groups to choose from: roles, and groups that administrators made."""
