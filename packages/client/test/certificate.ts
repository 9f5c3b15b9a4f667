/** A key and a certificate for localhost, for a hundred years, that nobody has signed but itself. */
export const certificate: { readonly key: string; readonly cert: string } = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg51uhe4u4ut6xAjxS
Jt9qCGaslC031Oysx3YjALndh/+hRANCAASVlKGNwvuPtx6Ya2Y71Q9YM3v//VnP
rnHzlxqrVhhNfrA0GdoNsIQXpYTnrM1RbCJ5y+J2lXPK+9rG7aDtBaVt
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUGoyoag7c3hjRMZKhPGlEVql8Xi8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzExMDYzOFoYDzIxMjYxMDMw
MTEwNjM4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASVlKGNwvuPtx6Ya2Y71Q9YM3v//VnPrnHzlxqrVhhNfrA0GdoNsIQX
pYTnrM1RbCJ5y+J2lXPK+9rG7aDtBaVto28wbTAdBgNVHQ4EFgQUWlupREvRNwK3
njVlGBx2554n8kcwHwYDVR0jBBgwFoAUWlupREvRNwK3njVlGBx2554n8kcwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgCyxg9Yua/MQVLA+yVAOgojDMlw5fwIlanSxUZzjFVagCIQCl
M8Vb1LuQkz2x+7O0gqY67a6iZof8ONM25gTF8b2Qcw==
-----END CERTIFICATE-----
`,
};
