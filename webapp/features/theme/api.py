"""What programs may ask of widgets."""

from webapp.core.contract import Example, UseCase
from webapp.features.theme import service
from webapp.features.theme.messages import TEST_RUNNING, ConfigureTheme, ThemeConfigured

USE_CASES = (
    UseCase(
        name="configure_theme",
        permission="admin:frontend",
        rest="PUT /v1/api/theme-extensions",
        grpc="frontend.v1.FrontendService/ConfigureThemeExtension",
        message=ConfigureTheme,
        result=ThemeConfigured,
        run=service.configure_theme,
        summary="Configure a widget of the storefront",
        detail="The configuration takes the place of the one that the widget had. The blocks in "
        "the themes of all stores follow within seconds, without being placed anew; where a block "
        "stands at all, the merchant decides in the theme editor. The preview is what a signed-in "
        "customer will see. Every change is kept, and can be taken back on the Widgets page.",
        examples=(
            Example(
                {
                    "merchant_id": "mer_fernandclay",
                    "theme_extension_config": {
                        "widget": "rewards_panel",
                        "placement": "cart_page",
                    },
                    "locale": "en",
                },
                {
                    "preview": {
                        "widget": "rewards_panel",
                        "placement": "cart_page",
                        "locale": "en",
                        "dir": "ltr",
                    }
                },
            ),
        ),
        errors=(TEST_RUNNING,),
    ),
)
