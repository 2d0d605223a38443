; Inno Setup's recipe of the Windows installer. After `python packaging\package.py --only wheel frozen`:
;   iscc /DVersion=0.1.0 packaging\windows\studio.iss
#ifndef Version
  #error Give the version: iscc /DVersion=X.Y.Z studio.iss
#endif
[Setup]
AppId=TCMStudio
AppName=TCM Studio
AppVersion={#Version}
DefaultDirName={autopf}\TCM Studio
DefaultGroupName=TCM Studio
LicenseFile=..\..\LICENSE
OutputDir=..\..\dist
OutputBaseFilename=tcm-studio-{#Version}-setup
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
Compression=lzma2
SolidCompression=yes

[Files]
Source: "..\..\build\frozen\tcm-studio\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{group}\TCM Studio"; Filename: "{app}\tcm-studio.exe"

[Registry]
; "Open with TCM Studio" in the menu of a folder
Root: HKA; Subkey: "Software\Classes\Directory\shell\TCMStudio"; ValueType: string; ValueData: "Open with TCM Studio"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Directory\shell\TCMStudio\command"; ValueType: string; ValueData: """{app}\tcm-studio.exe"" ""%1"""
