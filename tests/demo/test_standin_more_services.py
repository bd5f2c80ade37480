"""The stand-ins of xAI, Shopify's Partner API and an object store."""

from collections.abc import Iterator
from typing import Any, ClassVar

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.standins import Standins
from webapp.demo.standins.storage import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY


def post(url: str, content: object, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(url, json=content, headers=headers, trust_env=False, timeout=5)


class TestXai:
    KEY: ClassVar = {"Authorization": "Bearer xai-demo"}
    ASKED: ClassVar = {"model": "grok-4.6", "messages": [{"role": "user", "content": "Hello?"}]}

    def test_it_answers_a_chat(self, standins: Standins) -> None:
        url = f"{standins.url('xai')}/v1/chat/completions"
        choice = post(url, self.ASKED, self.KEY).json()["choices"][0]
        assert (choice["finish_reason"], choice["message"]["role"]) == ("stop", "assistant")
        assert standins.effects("xai") == {"Hello?": 1}

    def test_it_keeps_to_a_schema(self, standins: Standins) -> None:
        properties = {
            "text": {"type": "string"},
            "tone": {"type": "string", "enum": ["warm", "dry"]},
            "parts": {"type": "array", "items": {"type": "integer"}},
        }
        schema = {"type": "object", "properties": properties}
        form = {"type": "json_schema", "json_schema": {"name": "nudge", "schema": schema}}
        url = f"{standins.url('xai')}/v1/chat/completions"
        answer = post(url, {**self.ASKED, "response_format": form}, self.KEY).json()
        content = answer["choices"][0]["message"]["content"]
        assert httpx.Response(200, content=content).json() == {
            "text": "as asked",
            "tone": "warm",
            "parts": [1],
        }

    @pytest.mark.parametrize(
        ("content", "headers", "status"), [(ASKED, {}, 401), ({"model": "grok-4.6"}, KEY, 422)]
    )
    def test_what_is_wrong_is_refused(
        self, standins: Standins, content: object, headers: dict[str, str], status: int
    ) -> None:
        url = f"{standins.url('xai')}/v1/chat/completions"
        assert post(url, content, headers).status_code == status

    def test_models_are_behind_the_key(self, standins: Standins) -> None:
        url = f"{standins.url('xai')}/v1/models"
        assert httpx.get(url, headers=self.KEY, trust_env=False).json()["data"][0]["id"]


class TestPartner:
    KEY: ClassVar = {"X-Shopify-Access-Token": "prtapi_demo"}
    CREDIT = """mutation($appId: ID!, $shopId: ID!, $amount: MoneyInput!, $description: String!) {
      appCreditCreate(appId: $appId, shopId: $shopId, amount: $amount, description: $description) {
        appCredit { id name amount { amount currencyCode } } userErrors { field message } } }"""
    GIVEN: ClassVar = {
        "appId": "gid://partners/App/1",
        "shopId": "gid://partners/Shop/2",
        "amount": {"amount": "5.00", "currencyCode": "USD"},
        "description": "Referral mref_1",
    }

    def ask(self, standins: Standins, query: str, **variables: object) -> Any:
        url = f"{standins.url('partner')}/77/api/2026-10/graphql.json"
        return post(url, {"query": query, "variables": variables}, self.KEY)

    def test_a_credit_is_given_as_often_as_it_is_asked_for(self, standins: Standins) -> None:
        answers = [self.ask(standins, self.CREDIT, **self.GIVEN).json() for _ in range(2)]
        payload = answers[0]["data"]["appCreditCreate"]
        assert payload["appCredit"]["amount"] == {"amount": "5.00", "currencyCode": "USD"}
        assert standins.effects("partner") == {"Referral mref_1": 2}

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"shopId": "gid://shopify/Shop/2"}, "shopId"),
            ({"amount": {"amount": "-1", "currencyCode": "USD"}}, "amount"),
            ({"description": ""}, "description"),
        ],
    )
    def test_user_errors_name_the_argument(
        self, standins: Standins, change: dict[str, object], field: str
    ) -> None:
        answer = self.ask(standins, self.CREDIT, **{**self.GIVEN, **change}).json()
        assert answer["data"]["appCreditCreate"]["userErrors"][0]["field"] == [field]

    def test_the_app_is_shown(self, standins: Standins) -> None:
        query = '{ publicApiVersions { handle } app(id: "gid://partners/App/1") { name } }'
        data = self.ask(standins, query).json()["data"]
        assert data == {"publicApiVersions": [{"handle": "2026-10"}], "app": {"name": "LoyalNest"}}

    def test_a_token_is_wanted(self, standins: Standins) -> None:
        url = f"{standins.url('partner')}/77/api/2026-10/graphql.json"
        assert post(url, {"query": "{ publicApiVersions { handle } }"}, {}).status_code == 401


class TestStorage:
    @staticmethod
    def client(
        standins: Standins, key: str = ACCESS_KEY_ID, secret: str = SECRET_ACCESS_KEY
    ) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=standins.url("storage"),
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}, proxies={}),
        )

    @pytest.fixture
    def s3(self, standins: Standins) -> Iterator[Any]:
        client = self.client(standins)
        yield client
        client.close()

    def test_what_is_put_can_be_read(self, standins: Standins, s3: Any) -> None:
        for _ in range(2):
            s3.put_object(Bucket=BUCKET, Key="a b/ü.txt", Body=b"hello", ContentType="text/plain")
        found = s3.get_object(Bucket=BUCKET, Key="a b/ü.txt")
        assert (found["Body"].read(), found["ContentType"]) == (b"hello", "text/plain")
        assert s3.head_object(Bucket=BUCKET, Key="a b/ü.txt")["ContentLength"] == 5
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="a ")
        assert [entry["Key"] for entry in listed["Contents"]] == ["a b/ü.txt"]
        assert standins.effects("storage") == {f"{BUCKET}/a b/ü.txt": 1}

    def test_what_is_deleted_is_gone(self, s3: Any) -> None:
        s3.put_object(Bucket=BUCKET, Key="x", Body=b"1")
        s3.delete_object(Bucket=BUCKET, Key="x")
        with pytest.raises(ClientError, match="NoSuchKey"):
            s3.get_object(Bucket=BUCKET, Key="x")

    def test_buckets_are_made_and_looked_for(self, s3: Any) -> None:
        s3.create_bucket(Bucket="other")
        s3.head_bucket(Bucket="other")
        with pytest.raises(ClientError, match="404"):
            s3.head_bucket(Bucket="nowhere")

    @pytest.mark.parametrize(
        ("key", "secret", "code"),
        [
            (ACCESS_KEY_ID, "guessed", "SignatureDoesNotMatch"),
            ("AKIANOBODY", SECRET_ACCESS_KEY, "InvalidAccessKeyId"),
        ],
    )
    def test_a_wrong_signature_is_refused(
        self, standins: Standins, key: str, secret: str, code: str
    ) -> None:
        with pytest.raises(ClientError, match=code):
            self.client(standins, key, secret).list_objects_v2(Bucket=BUCKET)

    def test_without_a_signature_nothing_is_said(self, standins: Standins) -> None:
        answer = httpx.get(f"{standins.url('storage')}/{BUCKET}/x", trust_env=False)
        assert (answer.status_code, "<Code>AccessDenied</Code>" in answer.text) == (403, True)

    def test_its_faults_are_xml(self, standins: Standins, s3: Any) -> None:
        standins.faults("storage", [{"throttle": True}])
        with pytest.raises(ClientError, match="SlowDown"):
            s3.put_object(Bucket=BUCKET, Key="x", Body=b"1")
