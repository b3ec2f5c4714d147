#!/bin/sh
# The certificates beside this script; run it in an empty folder with ../tls beside it. They are kept because no two runs make the same.
set -e
tls=${1:-../tls}
days='-days 27000'
cat >openssl.cnf <<'END'
oid_section = oids
[oids]
compatPurpose = 1.2.3.4.5.6
[ca]
default_ca = expiring
[expiring]
database = index.txt
serial = serial.txt
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
string_mask = utf8only
[name]
[authority]
basicConstraints = critical,CA:TRUE,pathlen:1
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
nameConstraints = critical,permitted;DNS:.example,permitted;IP:10.0.0.0/255.0.0.0,excluded;DNS:.bad.example
[full]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyAgreement,decipherOnly
extendedKeyUsage = critical,serverAuth,clientAuth,emailProtection,timeStamping,OCSPSigning,codeSigning,1.3.6.1.5.5.7.3.17,1.2.3.4.5.6
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer:always
subjectAltName = critical,DNS:full.example,DNS:*.full.example,IP:10.0.0.1,IP:fd00::1,email:ann@full.example,URI:https://full.example/x,RID:1.2.3.4,dirName:dir,otherName:1.2.3.4;UTF8:other
tlsfeature = status_request
authorityInfoAccess = OCSP;URI:http://ocsp.full.example/,caIssuers;URI:http://ca.full.example/ca.der
crlDistributionPoints = URI:http://crl.full.example/ca.crl
certificatePolicies = 1.2.3.4,2.23.140.1.2.1
1.2.3.4.5 = ASN1:UTF8String:own
[dir]
CN = Dir, "ectory"
O = Example
[idn]
subjectAltName = DNS:xn--bcher-kva.example,DNS:*.xn--bcher-kva.example,email:ann@xn--bcher-kva.example,URI:https://xn--bcher-kva.example/a
subjectKeyIdentifier = none
authorityKeyIdentifier = none
[bare]
subjectKeyIdentifier = none
authorityKeyIdentifier = none
END
: >index.txt
echo 08 >serial.txt
export OPENSSL_CONF=openssl.cnf
one() { openssl req -utf8 -x509 $days -config openssl.cnf "$@"; }
openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out dsa.par 2>/dev/null
openssl genpkey -paramfile dsa.par -out dsa.key
openssl genpkey -algorithm ED448 -out ed448.key
one -key "$tls/ca.pem" -subj '/CN=Compat CA' -extensions authority -set_serial 1 -out ca.pem
one -key "$tls/rsa.pem" -CA ca.pem -CAkey "$tls/ca.pem" -extensions full -set_serial 0x1234567890abcdef1234567890abcdef -sha384 \
    -subj '/C=NL/ST=Holland/L=Delft/O=Example, \& "Söhne"/OU=Field/OU=Second/CN=full.example/emailAddress=ann@full.example/DC=example/serialNumber=7/UID=u' -out full.pem
one -key "$tls/rsa.pem" -CA ca.pem -CAkey "$tls/ca.pem" -extensions bare -set_serial 2 -subj '/CN=own.example' -out own.pem
one -key "$tls/ec.pem" -extensions idn -set_serial 3 -subj '/CN=bücher.example' -out idn.pem
one -key "$tls/ed25519.pem" -extensions bare -set_serial 4 -subj '/CN=ed25519' -out ed25519.pem
one -key ed448.key -extensions bare -set_serial 5 -subj '/' -out ed448.pem
one -key dsa.key -extensions bare -set_serial 6 -subj '/CN=dsa' -out dsa.pem
openssl req -new -key "$tls/rsa.pem" -config openssl.cnf -subj '/CN=expired' -out expired.csr
openssl ca -batch -selfsign -config openssl.cnf -keyfile "$tls/rsa.pem" -startdate 19990101000000Z -enddate 20010101000000Z \
    -in expired.csr -notext -out expired.pem 2>/dev/null
openssl req -new -key "$tls/rsa.pem" -config openssl.cnf -subj '/CN=first' |
    openssl x509 -req -signkey "$tls/rsa.pem" -set_serial 9 -days 36500 -out v1.pem
cat own.pem ca.pem >chain.pem
openssl x509 -in own.pem -outform der -out own.der
rm -f ./*.key ./*.csr ./*.txt* 08.pem dsa.par openssl.cnf
